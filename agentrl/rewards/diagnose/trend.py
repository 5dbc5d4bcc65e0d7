"""Whether a row of numbers rises or falls, told robustly: outliers and curved trends matter little.

Sources: H. B. Mann, "Nonparametric tests against trend", Econometrica 1945. M. G. Kendall, "Rank
Correlation Methods", 1975 (ties). P. K. Sen, JASA 1968 (slope).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a row of numbers goes."""

    tau: float
    """Kendall's tau-b with the time: 1 where each is above all before, -1 where below; 0 where
    nothing changes."""
    p_rise: float
    """How likely a rise like this is by chance alone, one-sided."""
    p_fall: float
    """The same for a fall."""
    slope: float
    """Median change a step over all pairs (Theil and Sen)."""


def trend(values: Sequence[float], at: Sequence[float] | None = None) -> Trend:
    """Return the trend of a row of numbers.

    The chances are Mann and Kendall's normal approximation with the correction for ties and for
    continuity; they take the numbers for independent but for the trend, and are good from about 8
    numbers on.

    Args:
        values: at least two, in order.
        at: the time of each, rising; None: 0, 1, 2, ...
    """
    if len(values) < 2:
        raise ValueError(f"a trend needs at least two values, got {len(values)}")
    numbers = np.asarray(values, dtype=float)
    times = np.arange(len(values), dtype=float) if at is None else np.asarray(at, dtype=float)
    first, second = np.triu_indices(len(values), 1)
    differences = numbers[second] - numbers[first]
    score = float(np.sign(differences).sum())
    ties = list(Counter(values).values())
    untied = len(differences) - sum(t * (t - 1) // 2 for t in ties)
    return Trend(
        tau=score / math.sqrt(len(differences) * untied) if untied else 0.0,
        p_rise=_chance(score, len(values), ties),
        p_fall=_chance(-score, len(values), ties),
        slope=float(np.median(differences / (times[second] - times[first]))),
    )


def _chance(score: float, n: int, ties: Sequence[int]) -> float:
    """Return how likely a score of at least this is where there is no trend.

    Args:
        score: pairs that rise less pairs that fall.
        n: how many numbers there are.
        ties: how often each different number stands.
    """
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if variance <= 0:
        return 1.0
    return 1 - NormalDist().cdf((score - 1) / math.sqrt(variance))

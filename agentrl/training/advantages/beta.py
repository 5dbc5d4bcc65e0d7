"""The Beta density that BNPO divides by (arXiv 2506.02864), fitted to groups' success rates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentrl.training.advantages.scores import EQUAL, Rows, deviation, mean

LARGEST_WEIGHT = 1e6
"""Most that a rare success rate is weighted by."""


@dataclass(frozen=True, slots=True)
class BetaDensity:
    """Density of a Beta distribution."""

    alpha: float
    beta: float

    def log(self, rate: float) -> float:
        """Return the logarithm of the density at ``rate``, from 0 to 1."""
        constant = (
            math.lgamma(self.alpha + self.beta) - math.lgamma(self.alpha) - math.lgamma(self.beta)
        )
        return constant + _x_log(self.alpha - 1, rate) + _x_log(self.beta - 1, 1 - rate)

    def weight(self, rate: float) -> float:
        """Return 1 / density, at most ``LARGEST_WEIGHT``."""
        exponent = -self.log(rate)
        return LARGEST_WEIGHT if exponent > math.log(LARGEST_WEIGHT) else math.exp(exponent)


def fitted(rates: Sequence[float]) -> BetaDensity:
    """Return the density for the success rates of a batch's groups.

    With a and b the parameters of the Beta distribution that has the rates' mean and variance (with
    n - 1), alpha is 1 + a / 3 and beta 1 + b / 3, and neither is below 1. Where the rates do not
    differ, or there is only one, nothing can be fitted: the density is 1 everywhere.
    """
    variance = deviation(rates) ** 2
    if variance <= EQUAL**2:
        return BetaDensity(1.0, 1.0)
    centre = mean(rates)
    strength = centre * (1 - centre) / variance - 1
    return BetaDensity(
        alpha=max(1.0, 1 + strength * centre / 3), beta=max(1.0, 1 + strength * (1 - centre) / 3)
    )


def unit_scores(rows: Mapping[str, tuple[float, ...]]) -> Rows:
    """Return scores from 0 to 1.

    Scores that all lie there stay; others are mapped so that the batch's least is 0 and its most 1.
    """
    scores = [score for row in rows.values() for score in row]
    low, high = min(scores, default=0.0), max(scores, default=1.0)
    if low >= 0 and high <= 1:
        return dict(rows)
    width = high - low or 1.0
    return {name: tuple((score - low) / width for score in row) for name, row in rows.items()}


def _x_log(factor: float, value: float) -> float:
    """Return ``factor * log(value)``, and 0 for a factor of 0."""
    if factor == 0:
        return 0.0
    return factor * math.log(value) if value > 0 else -math.inf

"""Rates, means and how far to trust them.

Tasks are what a result generalises over: two attempts at one task tell less than attempts at two
tasks. So every interval here treats the *task* as the unit that was drawn at random, and several
attempts at it as one cluster. All intervals are 95% unless said otherwise, all bootstraps are
percentile bootstraps with a fixed seed: the same episodes always give the same numbers.

Sources: E. B. Wilson, "Probable inference", JASA 1927 (score interval). B. Efron and
R. Tibshirani, "An Introduction to the Bootstrap", 1993. M. Chen et al., arXiv 2107.03374
(pass@k). S. Yao et al., arXiv 2406.12045 (pass^k).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4_000
"""Bootstrap samples: another seed moves the ends by about 2% of the interval's width."""

_CONFIDENCE = 0.95
_SEED = 20_240_612
_CELLS = 4_000_000  # indexes drawn at a time, so that memory stays bounded for many tasks

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """Both ends of a confidence interval."""

    low: float
    high: float


def wilson_interval(successes: float, n: float, confidence: float = _CONFIDENCE) -> Interval:
    """Return the Wilson score interval of a rate: ``successes`` out of ``n`` independent trials.

    It stays inside [0, 1] and keeps a width where none or all succeed, unlike ``p +- 2 s``. With
    z the normal quantile and p = successes / n, its ends are
    ``(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``.

    Raises:
        ValueError: ``n`` is not above 0, or ``successes`` is not between 0 and ``n``.
    """
    if not n > 0 or not 0 <= successes <= n:
        raise ValueError(
            f"a rate needs 0 <= successes <= n and n > 0, got {successes} successes of {n}"
        )
    rate = successes / n
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = rate + z * z / (2 * n)
    reach = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # rounding must not push an end past the rate itself at 0 and at 1
    return Interval(
        min(rate, max(0.0, (centre - reach) / scale)), max(rate, min(1.0, (centre + reach) / scale))
    )


def cluster_bootstrap(
    clusters: Mapping[str, Sequence[float]],
    *,
    confidence: float = _CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
) -> Interval:
    """Return the bootstrap interval of the mean over all values, drawing whole clusters.

    Args:
        clusters: the values of each task. The mean weighs values, not tasks, alike.
        confidence: how often such an interval should hold the true mean.
        resamples: how many times as many tasks as there are are drawn, with replacement.
        seed: decides the draws.

    Raises:
        ValueError: there is no cluster, or one without a value.
    """
    if not clusters or not all(map(len, clusters.values())):
        raise ValueError("a mean needs at least one task, and a value of each task")
    sums = np.array([math.fsum(values) for values in clusters.values()])
    sizes = np.array([len(values) for values in clusters.values()], dtype=float)
    drawn_sums, drawn_sizes = _resampled([sums, sizes], resamples, seed)
    return _percentiles(drawn_sums / drawn_sizes, confidence)


def paired_bootstrap(
    baseline: Mapping[str, Sequence[float]],
    other: Mapping[str, Sequence[float]],
    *,
    confidence: float = _CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = _SEED,
) -> Interval:
    """Return the bootstrap interval of ``paired_difference``, drawing tasks that both attempted.

    Because a task is drawn with both its results, what makes a task hard for both cancels.

    Raises:
        ValueError: no task is common to both.
    """
    differences = np.array(list(paired_differences(baseline, other).values()))
    (sums,) = _resampled([differences], resamples, seed)
    return _percentiles(sums / len(differences), confidence)


def paired_difference(
    baseline: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> float:
    """Return how much better ``other`` is: the mean over common tasks of its mean's difference.

    Raises:
        ValueError: no task is common to both.
    """
    differences = paired_differences(baseline, other)
    return math.fsum(differences.values()) / len(differences)


def paired_differences(
    baseline: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    """Return for each common task the mean of ``other`` minus that of ``baseline``.

    Raises:
        ValueError: no task is common to both.
    """
    common = [task for task in baseline if baseline[task] and other.get(task)]
    if not common:
        raise ValueError("no task is common to both, so there is nothing to pair")
    return {task: mean(other[task]) - mean(baseline[task]) for task in common}


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of ``k`` attempts succeeds, unbiased.

    Of ``n`` attempts at a task ``c`` succeeded: ``1 - C(n-c, k) / C(n, k)``, the share of the
    k-subsets of the attempts that hold a success.

    >>> pass_at_k(n=4, c=1, k=2)
    0.5

    Raises:
        ValueError: not ``0 <= c <= n`` or not ``1 <= k <= n``.
    """
    _check_counts(n, c, k)
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Return pass^k, the chance that all of ``k`` attempts succeed, unbiased.

    Of ``n`` attempts at a task ``c`` succeeded: ``C(c, k) / C(n, k)``.

    >>> pass_hat_k(n=4, c=3, k=2)
    0.5

    Raises:
        ValueError: not ``0 <= c <= n`` or not ``1 <= k <= n``.
    """
    _check_counts(n, c, k)
    return math.comb(c, k) / math.comb(n, k)


def mean(values: Iterable[float]) -> float:
    """Return the mean.

    Raises:
        ValueError: there is no value.
    """
    collected = list(values)
    if not collected:
        raise ValueError("the mean of no values is not defined")
    return math.fsum(collected) / len(collected)


def _check_counts(n: int, c: int, k: int) -> None:
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"expected 0 <= c <= n and 1 <= k <= n, got n={n}, c={c}, k={k}")


def _resampled(columns: Sequence[Floats], resamples: int, seed: int) -> list[Floats]:
    """Return each column's sum in every sample; a sample draws the same rows of all columns."""
    rows = len(columns[0])
    random = np.random.default_rng(seed)
    sums = [np.empty(resamples) for _ in columns]
    step = max(1, _CELLS // rows)
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn: NDArray[Any] = random.integers(0, rows, size=(stop - start, rows), dtype=np.int32)
        for column, total in zip(columns, sums, strict=True):
            total[start:stop] = column[drawn].sum(axis=1)
    return sums


def _percentiles(samples: Floats, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return Interval(float(low), float(high))

"""A number with what is known about its uncertainty, or the honest absence of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agentrl.runs.stats import cluster_bootstrap, mean, wilson_interval

Method = Literal["wilson", "wilson_tasks", "cluster_bootstrap", "none"]
"""How an interval was made: ``wilson`` over independent episodes, ``wilson_tasks`` with each task
counted once, ``cluster_bootstrap`` over tasks, or ``none`` where nothing can be said."""

ByTask = Mapping[str, Sequence[float]]
"""The values of each task's attempts."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over episodes and its 95% interval for tasks like these."""

    mean: float | None = None
    """None where no episode counts; never 0 for want of data."""
    low: float | None = None
    """Lower end; None where one task alone cannot tell how tasks differ."""
    high: float | None = None
    """Upper end."""
    n: int = 0
    """How many values the mean rests on."""
    method: Method = "none"


def estimate_rate(values: ByTask) -> Estimate:
    """Return the mean of values in [0, 1], such as success, with an interval that is never empty.

    One attempt a task: the Wilson interval. Several: the cluster bootstrap over tasks. Where that
    has no spread because every task fares alike (all succeed, or none), the Wilson interval with
    each task counted once, since identical results are not certainty. Values outside [0, 1] are
    no rate and get ``estimate_mean``.
    """
    everything = [value for attempts in values.values() for value in attempts]
    if not everything or not all(0 <= value <= 1 for value in everything):
        return estimate_mean(values)
    rate, n = mean(everything), len(everything)
    if len(values) == n:
        return Estimate(rate, *wilson_interval(rate * n, n), n, "wilson")
    if len({mean(attempts) for attempts in values.values()}) == 1:
        tasks = len(values)
        return Estimate(rate, *wilson_interval(rate * tasks, tasks), n, "wilson_tasks")
    return Estimate(rate, *cluster_bootstrap(values), n, "cluster_bootstrap")


def estimate_mean(values: ByTask) -> Estimate:
    """Return the mean of any values with a cluster bootstrap interval over tasks.

    One task alone yields a mean without an interval.
    """
    everything = [value for attempts in values.values() for value in attempts]
    if not everything:
        return Estimate()
    average, n = mean(everything), len(everything)
    if len(values) == 1:
        return Estimate(average, None, None, n, "none")
    return Estimate(average, *cluster_bootstrap(values), n, "cluster_bootstrap")

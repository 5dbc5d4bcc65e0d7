"""Two or more runs side by side, task by task."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.runs.estimate import Estimate
from agentrl.runs.stats import paired_bootstrap, paired_difference, paired_differences
from agentrl.runs.summary import Summary, summarise_facts
from agentrl.runs.summary_facts import Facts, by_task, facts


@dataclass(frozen=True, slots=True)
class RunEpisodes:
    """A run to compare."""

    run: str
    suite: str
    episodes: Iterable[Episode]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a run differs from the baseline, over the tasks that both have scored episodes of."""

    common_tasks: int
    mean: float | None
    """Mean over tasks of its success rate minus the baseline's; None without a common task."""
    low: float | None
    """Lower end of the 95% paired bootstrap interval."""
    high: float | None
    wins: int
    """Tasks where it succeeds more often than the baseline."""
    ties: int
    losses: int


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run of a comparison."""

    run: str
    suite: str
    agent: str
    episodes: Mapping[str, int]
    """How many ended with each status."""
    success: Estimate
    turns: float | None
    cost_usd: float
    difference: Difference | None
    """None for the baseline itself."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs against the first of them."""

    baseline: str
    runs: tuple[ComparedRun, ...]
    tasks: Mapping[str, tuple[float | None, ...]]
    """Success rate of each run at each task; None where it has no scored episode of it."""
    warnings: tuple[str, ...]
    """What makes the comparison less than fair."""

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return asdict(self)


def compare(runs: Sequence[RunEpisodes]) -> Comparison:
    """Compare runs with the first of them, the baseline.

    Raises:
        UsageError: fewer than two runs were given.
    """
    if len(runs) < 2:
        raise UsageError(
            f"a comparison needs a baseline and at least one other run, got {len(runs)} run"
        )
    rows = [list(map(facts, run.episodes)) for run in runs]
    summaries = [
        summarise_facts(episodes, run=run.run, suite=run.suite)
        for run, episodes in zip(runs, rows, strict=True)
    ]
    success = [by_task(episodes, lambda row: row.success) for episodes in rows]
    differences = [None, *(_difference(success[0], other) for other in success[1:])]
    return Comparison(
        baseline=runs[0].run,
        runs=tuple(map(_compared, summaries, differences)),
        tasks=_by_task_and_run(success),
        warnings=(*_warnings(summaries, rows), *_no_spread(summaries, differences)),
    )


def _compared(summary: Summary, difference: Difference | None) -> ComparedRun:
    return ComparedRun(
        run=summary.run,
        suite=summary.suite,
        agent=summary.agent,
        episodes=summary.episodes,
        success=summary.success,
        turns=summary.turns,
        cost_usd=summary.cost_usd,
        difference=difference,
    )


def _difference(
    baseline: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> Difference:
    if not baseline.keys() & other.keys():
        return Difference(0, None, None, None, 0, 0, 0)
    by_task = paired_differences(baseline, other)
    low, high = paired_bootstrap(baseline, other) if len(by_task) > 1 else (None, None)
    return Difference(
        common_tasks=len(by_task),
        mean=paired_difference(baseline, other),
        low=low,
        high=high,
        wins=sum(difference > 0 for difference in by_task.values()),
        ties=sum(difference == 0 for difference in by_task.values()),
        losses=sum(difference < 0 for difference in by_task.values()),
    )


def _by_task_and_run(
    success: Sequence[Mapping[str, Sequence[float]]],
) -> dict[str, tuple[float | None, ...]]:
    tasks = dict.fromkeys(task for run in success for task in run)
    return {
        task: tuple(sum(run[task]) / len(run[task]) if task in run else None for run in success)
        for task in tasks
    }


def _warnings(summaries: Sequence[Summary], rows: Sequence[Sequence[Facts]]) -> Iterable[str]:
    first, seeds = summaries[0], _seeds(rows[0])
    for summary, episodes in zip(summaries[1:], rows[1:], strict=True):
        others = _seeds(episodes)
        if summary.suite != first.suite:
            yield f"{summary.run} ran suite {summary.suite!r}, {first.run} {first.suite!r}"
        if summary.attempts != first.attempts:
            yield (
                f"attempts at a task differ: {summary.attempts} in {summary.run}, "
                f"{first.attempts} in {first.run}"
            )
        for run, only in (
            (summary, others.keys() - seeds.keys()),
            (first, seeds.keys() - others.keys()),
        ):
            if only:
                yield f"{len(only)} tasks are only in {run.run}, such as {min(only)!r}"
        common = seeds.keys() & others.keys()
        moved = [task for task in common if seeds[task].isdisjoint(others[task])]
        if moved:
            yield (
                f"{len(moved)} of {len(common)} common tasks had another seed in {summary.run} "
                f"than in {first.run}, so their worlds may differ, such as {min(moved)!r}"
            )
    for summary in summaries:
        left_out = sum(summary.episodes.values()) - summary.scored
        if left_out:
            yield f"{left_out} episodes of {summary.run} are not scored and left out"


def _no_spread(
    summaries: Sequence[Summary], differences: Sequence[Difference | None]
) -> Iterable[str]:
    for summary, difference in zip(summaries, differences, strict=True):
        if difference and difference.low is not None and difference.low == difference.high:
            yield (
                f"{summary.run} differs alike on all {difference.common_tasks} common tasks; an "
                f"interval without width is not certainty"
            )


def _seeds(rows: Sequence[Facts]) -> dict[str, set[int]]:
    seeds: dict[str, set[int]] = {}
    for row in rows:
        seeds.setdefault(row.task_id, set()).add(row.seed)
    return seeds

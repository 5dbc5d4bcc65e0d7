"""What a run amounts to: the one object that ``--json`` prints and ``summary.json`` holds.

Means are over scored episodes (``Status.scored``); all others are counted, never taken for a
zero. Tokens, money, retries and stop reasons are of every episode, because failures cost too.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from agentrl.episode import Episode, Status
from agentrl.runs.estimate import ByTask, Estimate, estimate_mean, estimate_rate
from agentrl.runs.stats import mean, pass_at_k, pass_hat_k
from agentrl.runs.summary_facts import Facts, by_task, facts


@dataclass(frozen=True, slots=True)
class Timing:
    """What only the run itself can measure; a summary of a finished run may lack it."""

    duration_s: float | None = None
    """Wall time of the whole run."""
    loop_lag_s: Mapping[str, float] | None = None
    """How late the event loop was: ``p50``, ``p99`` and ``max``."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of every model answer of a run."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    """How many of ``prompt`` the servers had in their cache."""


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Episodes that one class of error ended."""

    count: int
    example: str
    """The first such error's message."""


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """The results of some episodes: those of one task group, or all."""

    episodes: Mapping[str, int]
    """How many ended with each status."""
    success: Estimate
    score: Estimate
    reward: Estimate
    turns: float | None
    """Mean number of turns."""

    @property
    def scored(self) -> int:
        """How many episodes the means rest on."""
        return sum(self.episodes[status] for status in Status if status.scored)


@dataclass(frozen=True, slots=True)
class Summary(GroupSummary):
    """What a run amounts to."""

    run: str
    suite: str
    agent: str
    tasks: int
    """How many different tasks were attempted."""
    attempts: int
    """Most episodes of one task."""
    outcome: Mapping[str, float]
    """Mean over episodes of every further result that the environment names."""
    signals: Mapping[str, float]
    """Mean of each signal over the turns that state it."""
    pass_at_k: Mapping[int, Estimate]
    """Chance that one of k attempts succeeds; only where tasks were attempted several times.
    Each mean is over the tasks with at least k scored attempts."""
    pass_hat_k: Mapping[int, Estimate]
    """Chance that all of k attempts succeed."""
    tokens: Tokens
    cost_usd: float
    duration_s: float | None
    loop_lag_s: Mapping[str, float] | None
    steps_per_s: float | None
    """Turns per second of wall time."""
    tokens_per_s: float | None
    """Sampled tokens per second of wall time."""
    retries: int
    """Attempts that were begun again because infrastructure failed."""
    stop_reasons: Mapping[str, int]
    failures: Mapping[str, FailureKind]
    """Errors by class."""
    groups: Mapping[str, GroupSummary] = field(default_factory=dict)
    """The results of each task group, in order of appearance; ``""`` holds tasks without one."""

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON values; the numbers of k become texts."""
        record = asdict(self)
        for name in ("pass_at_k", "pass_hat_k"):
            record[name] = {str(k): estimate for k, estimate in record[name].items()}
        head = ("run", "suite", "agent", "tasks", "attempts")
        return {**{key: record[key] for key in head}, **record}


def summarise(
    episodes: Iterable[Episode], *, run: str, suite: str, timing: Timing | None = None
) -> Summary:
    """Summarise a run, reading its episodes once and keeping none.

    Args:
        episodes: each id once, as a run folder gives them.
        run: the run's name.
        suite: the suite's name.
        timing: what the run measured of itself.
    """
    return summarise_facts(map(facts, episodes), run=run, suite=suite, timing=timing)


def summarise_facts(
    episodes: Iterable[Facts], *, run: str, suite: str, timing: Timing | None = None
) -> Summary:
    """Summarise a run whose episodes' numbers are at hand; see ``summarise``."""
    rows, timing = list(episodes), timing or Timing()
    scored = [row for row in rows if row.status.scored]
    tokens = _tokens(rows)
    attempts = max(Counter(row.task_id for row in rows).values(), default=0)
    return Summary(
        **_results(rows),
        run=run,
        suite=suite,
        agent=", ".join(dict.fromkeys(row.agent for row in rows)),
        tasks=len({row.task_id for row in rows}),
        attempts=attempts,
        outcome=_further_outcome(scored),
        signals=_signals(scored),
        pass_at_k=_over_k(scored, attempts, pass_at_k),
        pass_hat_k=_over_k(scored, attempts, pass_hat_k),
        tokens=tokens,
        cost_usd=sum(row.cost_usd for row in rows),
        duration_s=timing.duration_s,
        loop_lag_s=timing.loop_lag_s,
        steps_per_s=_per_second(sum(row.turns for row in rows), timing),
        tokens_per_s=_per_second(tokens.completion, timing),
        retries=sum(row.tries - 1 for row in rows),
        stop_reasons=dict(Counter(str(row.stop_reason) for row in rows).most_common()),
        failures=_failures(rows),
        groups=_groups(rows),
    )


def _results(rows: Sequence[Facts]) -> dict[str, Any]:
    counts = Counter(row.status for row in rows)
    turns = [row.turns for row in rows if row.status.scored]
    return {
        "episodes": {str(status): counts[status] for status in Status},
        "success": estimate_rate(by_task(rows, lambda row: row.success)),
        "score": estimate_mean(by_task(rows, lambda row: row.score)),
        "reward": estimate_mean(by_task(rows, lambda row: row.scored_reward)),
        "turns": mean(turns) if turns else None,
    }


def _groups(rows: Sequence[Facts]) -> dict[str, GroupSummary]:
    names = dict.fromkeys(row.task_group for row in rows)
    return {
        name: GroupSummary(**_results([row for row in rows if row.task_group == name]))
        for name in names
    }


def _over_k(
    rows: Sequence[Facts], attempts: int, estimator: Callable[[int, int, int], float]
) -> dict[int, Estimate]:
    if attempts < 2:
        return {}
    solved = by_task(rows, lambda row: None if row.success is None else float(row.solved))
    over_k = {}
    for k in range(1, attempts + 1):
        tasks: ByTask = {
            task: [estimator(len(results), int(sum(results)), k)]
            for task, results in solved.items()
            if len(results) >= k
        }
        over_k[k] = estimate_mean(tasks)
    return over_k


def _further_outcome(rows: Sequence[Facts]) -> dict[str, float]:
    names = dict.fromkeys(name for row in rows for name in row.outcome)
    return {
        name: mean(row.outcome[name] for row in rows if name in row.outcome)
        for name in names
        if name not in ("success", "score")
    }


def _signals(rows: Sequence[Facts]) -> dict[str, float]:
    names = dict.fromkeys(name for row in rows for name in row.signals)
    stated = {name: [row.signals[name] for row in rows if name in row.signals] for name in names}
    return {
        name: sum(total for total, _ in sums) / sum(count for _, count in sums)
        for name, sums in stated.items()
    }


def _tokens(rows: Sequence[Facts]) -> Tokens:
    return Tokens(
        prompt=sum(row.prompt_tokens for row in rows),
        completion=sum(row.completion_tokens for row in rows),
        cached=sum(row.cached_tokens for row in rows),
    )


def _per_second(amount: int, timing: Timing) -> float | None:
    return amount / timing.duration_s if timing.duration_s else None


def _failures(rows: Sequence[Facts]) -> dict[str, FailureKind]:
    errors = [row.error for row in rows if row.error is not None]
    first = {error.kind: error.message for error in reversed(errors)}
    counts = Counter(error.kind for error in errors)
    return {kind: FailureKind(count, first[kind]) for kind, count in counts.most_common()}

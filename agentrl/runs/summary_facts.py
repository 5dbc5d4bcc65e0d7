"""The numbers of one episode, without its texts: what summaries, tables and plots are made of."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from agentrl.episode import Episode, Failure, Status, StopReason


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers of one episode. Small, so that all of a large run's fit in memory."""

    id: str
    task_id: str
    task_group: str
    agent: str
    seed: int
    attempt: int
    tries: int
    status: Status
    stop_reason: StopReason
    outcome: Mapping[str, float]
    error: Failure | None
    reward: float
    turns: int
    signals: Mapping[str, tuple[float, int]]
    """Sum over turns of each signal, and how many turns state it."""
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float
    duration_s: float
    terms: Mapping[str, float] = field(default_factory=dict)
    """What each named part of the reward adds, over all turns."""
    gates: Mapping[str, bool] = field(default_factory=dict)
    """Whether each gate of the reward was open."""

    @property
    def success(self) -> float | None:
        """How far the task was solved, 0 to 1; None where the episode does not count."""
        return self.outcome.get("success") if self.status.scored else None

    @property
    def score(self) -> float | None:
        """The environment's own score; None where the episode does not count or has none."""
        return self.outcome.get("score") if self.status.scored else None

    @property
    def scored_reward(self) -> float | None:
        """The reward; None where the episode does not count."""
        return self.reward if self.status.scored else None

    @property
    def solved(self) -> bool:
        """Whether the episode counts as a success where only yes or no will do."""
        return (self.success or 0.0) >= 0.5


def facts(episode: Episode) -> Facts:
    """Return the numbers of an episode."""
    usages = [g.usage for turn in episode.turns for g in turn.generations]
    return Facts(
        id=episode.id,
        task_id=episode.task_id,
        task_group=episode.task_group,
        agent=episode.agent,
        seed=episode.seed,
        attempt=episode.attempt,
        tries=episode.tries,
        status=episode.status,
        stop_reason=episode.stop_reason,
        outcome=episode.outcome,
        error=episode.error,
        reward=episode.reward,
        turns=len(episode.turns),
        signals=_signals(episode),
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        cost_usd=episode.cost_usd,
        duration_s=episode.duration_s,
        terms=_terms(episode),
        gates={gate.name: gate.open for gate in episode.gates},
    )


def by_task(
    episodes: Iterable[Facts], value: Callable[[Facts], float | None]
) -> dict[str, list[float]]:
    """Return a value of each task's episodes; those that state none are left out."""
    tasks: defaultdict[str, list[float]] = defaultdict(list)
    for episode in episodes:
        stated = value(episode)
        if stated is not None:
            tasks[episode.task_id].append(stated)
    return dict(tasks)


def _signals(episode: Episode) -> dict[str, tuple[float, int]]:
    signals: dict[str, tuple[float, int]] = {}
    for turn in episode.turns:
        for name, value in turn.signals.items():
            total, count = signals.get(name, (0.0, 0))
            signals[name] = (total + value, count + 1)
    return signals


def _terms(episode: Episode) -> dict[str, float]:
    terms: dict[str, float] = {}
    for turn in episode.turns:
        for name, value in turn.terms.items():
            terms[name] = terms.get(name, 0.0) + value
    return terms

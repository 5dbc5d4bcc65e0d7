"""Recorded episodes as a trainer would have met them: batches of groups, with their rewards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentrl.episode import Episode
from agentrl.errors import RewardError
from agentrl.rewards.compose import annotate_batch
from agentrl.rewards.facts import number
from agentrl.rewards.state import RewardState
from agentrl.suite.reward.spec import RewardSpec

Group = tuple[Episode, ...]
"""Scored episodes of one task, drawn together."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The groups that the same weights played."""

    version: int
    """Which weights, by ``Episode.weights_version``."""
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One episode in two numbers."""

    id: str
    start: tuple[str, int]
    """Task and seed: where it began."""
    group: str
    reward: float
    """The sum of its turns' rewards, its return."""
    outcome: float | None
    """The result that counts; None where the environment did not state it."""


def recorded(episodes: Iterable[Episode]) -> tuple[Batch, ...]:
    """Return episodes as batches of groups, by the version of the weights that played them.

    What was not scored or has no turn is left out. Of an id that stands twice the later record
    counts. A group that several versions played belongs to the earliest of them.

    Args:
        episodes: in the order of their record.

    Raises:
        RewardError: no episode is scored.
    """
    groups: dict[str, dict[str, Episode]] = {}
    total = 0
    for episode in episodes:
        total += 1
        if episode.status.scored and episode.turns:
            groups.setdefault(episode.group_id, {})[episode.id] = episode
    if not groups:
        raise RewardError(
            f"none of {total} episodes is scored (status ok or truncated, at least one turn), so "
            f"no reward can be told from them; give a run that ended with results"
        )
    batches: dict[int, list[Group]] = {}
    for found in groups.values():
        group = tuple(found.values())
        batches.setdefault(min(e.weights_version for e in group), []).append(group)
    return tuple(Batch(version, tuple(batches[version])) for version in sorted(batches))


def composed(spec: RewardSpec, batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """Return the batches with the rewards of a spec, which remembers from one batch to the next.

    The state begins afresh, as it does in a new training.

    Raises:
        RewardError: a term is not finite.
    """
    state, done = RewardState(), []
    for batch in batches:
        groups, state = annotate_batch(spec, batch.groups, state)
        done.append(Batch(batch.version, tuple(map(tuple, groups))))
    return tuple(done)


def episodes_of(batches: Iterable[Batch]) -> list[Episode]:
    """Return all episodes, group by group."""
    return [episode for batch in batches for group in batch.groups for episode in group]


def scored(episode: Episode, outcome: str) -> Scored:
    """Return an episode in two numbers.

    Args:
        episode: with its rewards.
        outcome: name of the result that counts.
    """
    start = (episode.task_id, episode.seed)
    return Scored(
        episode.id, start, episode.group_id, episode.reward, number(episode, outcome, "last")
    )

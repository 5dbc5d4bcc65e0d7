"""From what a step drew to what it learns from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentrl.suite.spec import SuiteSpec
from agentrl.training.batch import make_batch
from agentrl.training.feed import Draw
from agentrl.training.sample import Batch, Trajectory
from agentrl.training.weights import needs_imitation


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a step learns from."""

    batch: Batch
    """The episodes to train on."""
    drawn: tuple[Trajectory, ...]
    """Every episode of their groups, also those that are not trained on; baselines use them."""
    greedy: dict[str, float] = field(default_factory=dict)
    """Reward of a greedy episode by group, for baseline ``greedy``."""
    demonstrations: Batch | None = None
    """Expert episodes to imitate beside."""


def make_lesson(
    spec: SuiteSpec, draw: Draw, demonstrations: dict[str, Batch] | None = None
) -> Lesson | None:
    """Return what the groups of a draw teach; None where no episode of it can be trained on.

    Args:
        spec: the suite as it is at this step.
        draw: what was played.
        demonstrations: expert episodes by task id, for the imitation loss.

    Raises:
        RecordError: an episode was recorded without its tokens, or is damaged.
    """
    train = spec.train
    assert train is not None
    by_turn = train.advantage.turn_terms
    batch = make_batch([group.episodes for group in draw.chosen], train.truncated, by_turn)
    if not batch.trajectories:
        return None
    chosen = {group.id for group in draw.chosen}
    whole = [group for group in draw.groups if group.id in chosen]
    drawn = make_batch([group.episodes for group in whole], train.truncated, by_turn)
    greedy = {g.id: g.greedy_reward for g in whole if g.greedy_reward is not None}
    shown = [
        demonstrations[group.task.id]
        for group in draw.groups
        if demonstrations
        and group.task.id in demonstrations
        and needs_imitation(_success(group.result.successes), train.loss.imitation)
    ]
    return Lesson(batch, drawn.trajectories, greedy, joined(shown) if shown else None)


def joined(batches: Sequence[Batch]) -> Batch:
    """Return the episodes of several batches as one; an episode that stands in two counts once."""
    trajectories = {t.episode_id: t for batch in batches for t in batch.trajectories}
    samples = {
        (sample.episode_id, sample.tokens): sample for batch in batches for sample in batch.samples
    }
    order = {name: number for number, name in enumerate(trajectories)}
    in_order = sorted(samples.values(), key=lambda sample: order[sample.episode_id])
    return Batch(tuple(trajectories.values()), tuple(in_order))


def _success(successes: Sequence[bool]) -> float:
    return sum(successes) / len(successes) if successes else 0.0

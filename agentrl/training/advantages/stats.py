"""What a batch's advantages look like in numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import fmean, pstdev

from agentrl.training.advantages.scores import EQUAL, by_group, episode_scores
from agentrl.training.sample import Trajectory


@dataclass(frozen=True, slots=True)
class AdvantageStats:
    """Numbers of a batch; those of advantages are over turns, and 0 in a batch without any."""

    mean: float
    std: float
    """Standard deviation with n. 0: the batch teaches nothing."""
    min: float
    max: float
    positive: float
    """Share of turns with an advantage above 0."""
    zero: float
    """Share of turns with an advantage of exactly 0, which teach nothing."""
    turns: int
    groups: int
    equal_rewards: int
    """Groups whose episodes all earned the same."""
    lone: int
    """Groups with one episode, among ``equal_rewards``: nothing to compare it with."""

    @property
    def equal_rewards_share(self) -> float:
        """Share of the groups whose episodes all earned the same."""
        return self.equal_rewards / self.groups if self.groups else 0.0


def advantage_stats(
    trajectories: Sequence[Trajectory],
    advantages: Mapping[str, Sequence[float]],
    tolerance: float = EQUAL,
) -> AdvantageStats:
    """Return the statistics of a batch.

    Args:
        trajectories: its episodes.
        advantages: by episode id one number a turn, as ``turn_advantages`` returns them.
        tolerance: as in ``equal_reward_groups``.
    """
    numbers = list(chain.from_iterable(advantages[one.episode_id] for one in trajectories))
    groups = by_group(trajectories)
    return AdvantageStats(
        mean=fmean(numbers) if numbers else 0.0,
        std=pstdev(numbers) if numbers else 0.0,
        min=min(numbers, default=0.0),
        max=max(numbers, default=0.0),
        positive=fmean(number > 0 for number in numbers) if numbers else 0.0,
        zero=fmean(number == 0 for number in numbers) if numbers else 0.0,
        turns=len(numbers),
        groups=len(groups),
        equal_rewards=len(equal_reward_groups(trajectories, tolerance)),
        lone=sum(len(names) == 1 for names in groups.values()),
    )


def equal_reward_groups(
    trajectories: Sequence[Trajectory], tolerance: float = EQUAL
) -> frozenset[str]:
    """Return the ids of the groups whose episodes all earned the same.

    A group with one episode is such a group.

    Args:
        trajectories: the batch's episodes.
        tolerance: most by which the rewards of equal episodes differ.
    """
    scores = episode_scores(trajectories)
    return frozenset(
        group
        for group, names in by_group(trajectories).items()
        if max(scores[name][0] for name in names) - min(scores[name][0] for name in names)
        <= tolerance
    )

"""A comparison across groups, for those that have nothing to compare inside."""

from collections.abc import Sequence

from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.scales import EPSILON
from agentrl.training.advantages.scores import (
    EQUAL,
    Rows,
    by_group,
    check_rewards,
    deviation,
    episode_scores,
    mean,
)
from agentrl.training.advantages.stats import equal_reward_groups
from agentrl.training.sample import Trajectory


def consistency_advantages(
    spec: AdvantageSpec, trajectories: Sequence[Trajectory], tolerance: float = EQUAL
) -> Rows:
    """Return advantages for the episodes of groups with equal rewards, after COPO's global term.

    COPO (arXiv 2508.04138) gives each task a global reward, the mean of its episodes' rewards, and
    a global advantage: that reward less the mean over the batch's tasks, over their standard
    deviation (n - 1, plus 1e-6; without it where ``spec.scale`` is ``none``). Every turn of every
    episode of the task gets it. The paper blends it with the group's own advantage by the entropy
    of the answers; here it stands alone where a group's rewards are all equal and is not used
    elsewhere, which is the blend at an entropy of zero. The paper's factor on the global reward for
    answers that disagree is 1 for such groups, and is left out for the others, because an episode
    has no answer that could be counted.

    All means are over tasks, not episodes, so a group that lost episodes counts like any other. In
    a batch of one group, or of groups with equal means, the advantages are 0.

    Args:
        spec: says whether to divide by the standard deviation.
        trajectories: the batch's episodes, also those of groups that differ inside.
        tolerance: as in ``equal_reward_groups``.

    Returns:
        By episode id one number a turn, for episodes of groups with equal rewards alone; they take
        the place of those that ``turn_advantages`` returned.

    Raises:
        UsageError: an episode is there twice; a reward is not finite.
    """
    check_rewards(trajectories)
    scores = episode_scores(trajectories)
    means = {
        group: mean([scores[name][0] for name in names])
        for group, names in by_group(trajectories).items()
    }
    if not means:
        return {}
    centre, factor = mean(list(means.values())), 1.0
    if spec.scale != "none":
        spread = deviation(list(means.values()))
        factor = 1 / (spread + EPSILON) if spread > EQUAL else 0.0
    equal = equal_reward_groups(trajectories, tolerance)
    return {
        one.episode_id: (factor * (means[one.group_id] - centre),) * len(one.rewards)
        for one in trajectories
        if one.group_id in equal
    }

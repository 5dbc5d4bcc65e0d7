"""Weights that turns and episodes get beside their advantage."""

from collections.abc import Mapping, Sequence

from agentrl.errors import UsageError
from agentrl.suite.algorithm import ImitationSpec
from agentrl.training.sample import Trajectory


def duration_weights(trajectories: Sequence[Trajectory]) -> dict[str, tuple[float, ...]]:
    """Return for each episode what its turns count: their duration over the batch's mean.

    Where episodes are sampled for a given time rather than a given number, short turns come more
    often; weighing a turn by its duration undoes that (arXiv 2509.01684).

    Raises:
        UsageError: an episode has no durations, or every turn took no time.
    """
    durations = [seconds for trajectory in trajectories for seconds in trajectory.durations]
    total = sum(durations)
    if not total > 0 or any(len(t.durations) != len(t.rewards) for t in trajectories):
        raise UsageError(
            "train.loss.turn_weight is 'duration', and the episodes do not say how long their "
            "turns took; set it to 'none'"
        )
    mean = total / len(durations)
    return {t.episode_id: tuple(seconds / mean for seconds in t.durations) for t in trajectories}


def unlikeliness_advantages(
    trajectories: Sequence[Trajectory], advantages: Mapping[str, tuple[float, ...]], share: float
) -> dict[str, tuple[float, ...]]:
    """Return the advantages with those of a group's likelier successes lowered.

    The successes of a group are ranked by the log-likelihood that they were sampled with. The
    likeliest loses ``share`` of its advantage, the least likely nothing, those between in
    proportion to their rank. So a rare solution is learnt from more than the one that the policy
    finds anyway (after "Rewarding the Unlikely", arXiv 2506.02355, which lowers the reward).

    Args:
        trajectories: whole groups.
        advantages: one number a turn, by episode id.
        share: from 0 to below 1.
    """
    result = dict(advantages)
    groups: dict[str, list[Trajectory]] = {}
    for trajectory in trajectories:
        if trajectory.success and trajectory.episode_id in result:
            groups.setdefault(trajectory.group_id, []).append(trajectory)
    for group in groups.values():
        ranked = sorted(group, key=lambda trajectory: trajectory.loglikelihood)
        for rank, trajectory in enumerate(ranked):
            factor = 1 - share * rank / max(len(ranked) - 1, 1)
            own = result[trajectory.episode_id]
            result[trajectory.episode_id] = tuple(value * factor for value in own)
    return result


def needs_imitation(success_rate: float, spec: ImitationSpec) -> bool:
    """Whether a group's task is imitated beside RL: it succeeds too seldom.

    With ``below_success`` 1 every task that fails at times is (concurrent imitation); with less,
    only those where RL finds hardly any reward (AHPO).
    """
    return spec.coefficient > 0 and success_rate < spec.below_success

"""Advantages from rewards alone: everything but the critic's."""

from collections.abc import Mapping, Sequence

from agentrl.errors import UsageError
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.baselines import (
    Groups,
    above_batch_mean,
    above_constant,
    above_greedy,
    above_group_mean,
    above_the_others,
)
from agentrl.training.advantages.scales import (
    over_batch_deviation,
    over_beta_density,
    over_group_deviation,
    without,
)
from agentrl.training.advantages.scores import (
    Rows,
    by_group,
    check_greedy,
    check_rewards,
    episode_scores,
    turn_scores,
    with_turns,
)
from agentrl.training.sample import Trajectory

_BASELINES = {
    "group_mean": above_group_mean,
    "leave_one_out": above_the_others,
    "batch_mean": above_batch_mean,
}


def turn_advantages(
    spec: AdvantageSpec,
    trajectories: Sequence[Trajectory],
    greedy: Mapping[str, float] | None = None,
) -> Rows:
    """Return by episode id one advantage a turn.

    With credit ``episode`` every turn gets the same number, from the episode's reward. With credit
    ``turn`` a turn is judged by its reward-to-go, and compared with the same turn of the group's
    other episodes, where an episode that had ended counts 0. With credit ``split`` the episode's
    number is that of its reward without the turns' part, and ``with_turns`` adds that part.

    Standard deviations are those with n - 1, plus 1e-6: ``group_std`` is that of the group's
    scores, ``batch_std`` that of the batch's differences from the baseline. What they divide is 0
    where nothing differs.

    A group that lost episodes is compared among those that are left. Where ``spec.needs_group``, a
    group with one episode gets 0; ``advantage_stats`` counts such groups.

    The papers' estimators: REINFORCE++ (arXiv 2501.03262) is ``batch_mean`` and ``batch_std``, GRPO
    (2402.03300) ``group_mean`` and ``group_std``, Dr. GRPO (2503.20783) ``group_mean``, RLOO
    (2402.14740) ``leave_one_out``, ReMax (2310.10505) ``greedy``, BNPO (2506.02864) ``group_mean``
    and ``beta``.

    Args:
        spec: which estimator.
        trajectories: the batch's episodes, in any order.
        greedy: by group id the reward of a greedy episode of the task; for baseline ``greedy``.

    Raises:
        UsageError: an episode is there twice; a reward is not finite; a group has no greedy reward;
            the spec asks for a critic's values (see ``gae``).
    """
    if spec.baseline == "value":
        raise UsageError(
            "baseline 'value' needs a critic's values, and these advantages come from rewards "
            "alone; use agentrl.training.advantages.gae"
        )
    check_rewards(trajectories)
    groups = by_group(trajectories)
    if spec.credit == "turn":
        return _estimated(spec, turn_scores(trajectories, spec.gamma), groups, greedy)
    numbers = _estimated(spec, episode_scores(trajectories), groups, greedy)
    if spec.credit == "split":
        return with_turns(numbers, trajectories, groups, spec.turn_weight)
    return {one.episode_id: numbers[one.episode_id] * len(one.rewards) for one in trajectories}


def _estimated(
    spec: AdvantageSpec, rows: Rows, groups: Groups, greedy: Mapping[str, float] | None
) -> Rows:
    lone = {names[0] for names in groups.values() if len(names) == 1} if spec.needs_group else set()
    if spec.scale == "beta":
        return without(over_beta_density(rows, groups), lone)
    if spec.baseline == "none":
        differences = above_constant(rows, spec.centre)
    elif spec.baseline == "greedy":
        differences = above_greedy(rows, groups, check_greedy(groups, greedy))
    else:
        differences = _BASELINES[spec.baseline](rows, groups)
    if spec.scale == "group_std":
        differences = over_group_deviation(differences, rows, groups)
    elif spec.scale == "batch_std":
        differences = over_batch_deviation(differences, lone)
    return without(differences, lone)

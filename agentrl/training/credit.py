"""From rewards and values to one advantage for each token of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import torch
from torch import Tensor

from agentrl.suite.algorithm import AdvantageSpec, LossSpec
from agentrl.training.advantages.consistency import consistency_advantages
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.advantages.gae import gae
from agentrl.training.sample import Trajectory
from agentrl.training.table import TokenTable
from agentrl.training.weights import unlikeliness_advantages


@dataclass(frozen=True, slots=True)
class Credit:
    """What each token of a table earned; tensors are ``[tokens]``, on the CPU."""

    advantages: Tensor
    returns: Tensor | None = None
    """What the critic should have said; None without one."""


def credit(
    advantage: AdvantageSpec,
    loss: LossSpec,
    trajectories: Sequence[Trajectory],
    table: TokenTable,
    *,
    values: Tensor | None = None,
    penalty: Tensor | None = None,
    greedy: Mapping[str, float] | None = None,
    consistency: bool = False,
) -> Credit:
    """Return every token's advantage.

    Args:
        advantage: how it is estimated.
        loss: for the weights that depend on a whole group.
        trajectories: every episode that was drawn, also those that are not in the table: a baseline
            is better for more.
        table: the tokens.
        values: the critic's, ``[tokens]``; needed by baseline ``value``.
        penalty: taken off the rewards, ``[tokens]``: the KL divergence from a reference policy.
        greedy: reward of a greedy episode by group; needed by baseline ``greedy``.
        consistency: judge groups of equal rewards against the whole batch.
    """
    if advantage.baseline == "value":
        if values is None:
            raise ValueError("baseline 'value' needs the critic's values")
        return _by_value(advantage, trajectories, table, values, penalty)
    if penalty is not None:
        trajectories = _penalised(trajectories, table.sum_by_turn(penalty))
    numbers = turn_advantages(advantage, trajectories, greedy)
    if consistency:
        numbers |= consistency_advantages(advantage, trajectories)
    if loss.unlikeliness:
        numbers = unlikeliness_advantages(trajectories, numbers, loss.unlikeliness)
    return Credit(table.spread(numbers))


def _penalised(
    trajectories: Sequence[Trajectory], by_turn: Mapping[str, Sequence[float]]
) -> list[Trajectory]:
    """Let each turn pay for its own tokens."""
    paid = []
    for trajectory in trajectories:
        penalties = by_turn.get(trajectory.episode_id, ())
        pairs = zip_longest(trajectory.rewards, penalties[: len(trajectory.rewards)], fillvalue=0.0)
        paid.append(replace(trajectory, rewards=tuple(earned - lost for earned, lost in pairs)))
    return paid


def _by_value(
    spec: AdvantageSpec,
    trajectories: Sequence[Trajectory],
    table: TokenTable,
    values: Tensor,
    penalty: Tensor | None,
) -> Credit:
    of = {trajectory.episode_id: trajectory for trajectory in trajectories}
    advantages, returns = torch.zeros(table.size), torch.zeros(table.size)
    costs = torch.zeros(table.size) if penalty is None else penalty
    in_order = table.episode.argsort(stable=True)
    of_episode = torch.split(in_order, table.lengths.tolist())
    for name, tokens in zip(table.episode_ids, of_episode, strict=True):
        turns = table.turn[tokens]
        links = _links(spec, turns)
        link_of = torch.searchsorted(links, torch.arange(len(tokens)), right=True) - 1
        earned = _earned(torch.tensor(of[name].rewards), turns[links])
        earned.index_add_(0, link_of, -costs[tokens])
        own, target = gae(earned, values[tokens][links], spec.gamma, spec.lam)
        advantages[tokens], returns[tokens] = own[link_of], target[link_of]
    if spec.scale == "batch_std" and table.size > 1:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-6)
    return Credit(advantages, returns)


def _links(spec: AdvantageSpec, turns: Tensor) -> Tensor:
    """Return which tokens of an episode are the links of its chain: all, or each turn's first."""
    if spec.credit == "token":
        return torch.arange(len(turns))
    first = torch.cat([torch.tensor([True]), turns[1:] != turns[:-1]])
    return first.nonzero().squeeze(1)


def _earned(rewards: Tensor, link_turns: Tensor) -> Tensor:
    """Put each turn's reward on the last link that is not after it."""
    place = torch.searchsorted(link_turns, torch.arange(len(rewards)), right=True) - 1
    earned = torch.zeros(len(link_turns))
    return earned.index_add_(0, place.clamp(min=0), rewards.float())

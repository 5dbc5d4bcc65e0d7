"""Generalised advantage estimation along one episode."""

import torch
from torch import Tensor

from agentrl.errors import DivergedError, UsageError


@torch.no_grad()
def gae(rewards: Tensor, values: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Return advantages and returns of an episode (arXiv 1506.02438).

    The chain's links are tokens, with a turn's reward on its last sampled token (arXiv 2510.01132),
    or turns. With ``delta_t = r_t + gamma * V_{t+1} - V_t`` and value 0 after the last link,
    ``A_t = delta_t + gamma * lam * A_{t+1}``, and the return is ``A_t + V_t``. With ``gamma`` and
    ``lam`` 1 the return is the sum of the rewards from a link on, whatever the values are.

    Args:
        rewards: ``[links]``.
        values: what was expected before each link, ``[links]``.
        gamma: discount from one link to the next.
        lam: 1: rewards alone decide; 0: the next value stands for everything after it.

    Returns:
        Two tensors ``[links]``, of the values' dtype and device, without gradient; sums are made in
        float64.

    Raises:
        ValueError: the tensors are not two vectors of one length.
        UsageError: a reward is not finite.
        DivergedError: a value is not finite.
    """
    if rewards.dim() != 1 or rewards.shape != values.shape:
        raise ValueError(
            f"rewards {tuple(rewards.shape)} and values {tuple(values.shape)}: expected two "
            f"vectors of one length"
        )
    _check(rewards, values)
    earned, expected = rewards.double(), values.double()
    if gamma == lam == 1.0:
        returns = earned.flip(0).cumsum(0).flip(0)
        advantages = returns - expected
    else:
        following = torch.cat([expected[1:], expected.new_zeros(1)])[: len(expected)]
        deltas = earned + gamma * following - expected
        advantages = _discounted(deltas, gamma * lam)
        returns = advantages + expected
    return advantages.to(values), returns.to(values)


def _discounted(deltas: Tensor, factor: float) -> Tensor:
    """Return at each place the sum of what follows, each ``factor`` times the one before it."""
    # Over Python's floats: a loop over a tensor's elements takes a hundred times as long.
    total = 0.0
    sums = []
    for delta in reversed(deltas.tolist()):
        total = delta + factor * total
        sums.append(total)
    return deltas.new_tensor(sums[::-1])


def _check(rewards: Tensor, values: Tensor) -> None:
    if not bool(rewards.isfinite().all()):
        raise UsageError(
            "a reward of the episode is not finite; correct the reward term that gave it, or leave "
            "the episode out as unscored"
        )
    if not bool(values.isfinite().all()):
        raise DivergedError(
            "a value of the critic is not finite; lower train.critic.lr and continue from the last "
            "checkpoint"
        )

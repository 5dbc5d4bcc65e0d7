"""Generalised advantage estimation along one episode."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import DivergedError, UsageError
from agentrl.training.advantages.gae import gae

NUMBERS = st.floats(-4, 4, width=32)
CHAINS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12)


def test_advantages_of_three_links_by_hand() -> None:
    """From the end, with gamma 1/2 and lambda 1/2.

    delta_2 = 2 - 1 = 1; delta_1 = 0 + 0.5 x 1 - 2 = -1.5; delta_0 = 1 + 0.5 x 2 - 4 = -2.
    A_2 = 1; A_1 = -1.5 + 0.25 x 1 = -1.25; A_0 = -2 + 0.25 x -1.25 = -2.3125.
    """
    rewards, values = torch.tensor([1.0, 0.0, 2.0]), torch.tensor([4.0, 2.0, 1.0])
    advantages, returns = gae(rewards, values, gamma=0.5, lam=0.5)
    assert advantages.tolist() == [-2.3125, -1.25, 1.0]
    assert returns.tolist() == [1.6875, 0.75, 2.0]


def test_with_gamma_and_lambda_one_the_return_is_what_was_earned() -> None:
    rewards, values = torch.tensor([1.0, 0.0, 2.0]), torch.tensor([4.0, 2.0, 1.0])
    advantages, returns = gae(rewards, values, gamma=1.0, lam=1.0)
    assert returns.tolist() == [3.0, 2.0, 2.0]
    assert advantages.tolist() == [-1.0, 0.0, 1.0]


def test_with_lambda_zero_the_next_value_stands_for_what_follows() -> None:
    rewards, values = torch.tensor([1.0, 0.0, 2.0]), torch.tensor([4.0, 2.0, 1.0])
    advantages, _ = gae(rewards, values, gamma=1.0, lam=0.0)
    assert advantages.tolist() == [1 + 2 - 4, 0 + 1 - 2, 2 - 1]


def test_an_episode_without_links_has_no_advantages() -> None:
    for lam in (0.5, 1.0):
        advantages, returns = gae(torch.zeros(0), torch.zeros(0), 1.0, lam)
        assert advantages.shape == returns.shape == (0,)


@settings(deadline=None)
@given(chain=CHAINS, gamma=st.floats(0.1, 1), lam=st.floats(0, 1))
def test_advantages_are_the_discounted_sum_of_the_surprises(
    chain: list[tuple[float, float]], gamma: float, lam: float
) -> None:
    rewards = [reward for reward, _ in chain]
    values = [value for _, value in chain] + [0.0]
    surprises = [r + gamma * values[t + 1] - values[t] for t, r in enumerate(rewards)]
    expected = [
        sum((gamma * lam) ** k * surprise for k, surprise in enumerate(surprises[t:]))
        for t in range(len(chain))
    ]
    advantages, returns = gae(torch.tensor(rewards), torch.tensor(values[:-1]), gamma, lam)
    assert advantages.tolist() == pytest.approx(expected, abs=1e-4)
    assert torch.allclose(returns, advantages + torch.tensor(values[:-1]), atol=1e-4)


@settings(deadline=None)
@given(chain=CHAINS)
def test_the_short_way_for_lambda_one_is_the_limit_of_the_long_one(
    chain: list[tuple[float, float]],
) -> None:
    rewards = torch.tensor([reward for reward, _ in chain], dtype=torch.float64)
    values = torch.tensor([value for _, value in chain], dtype=torch.float64)
    short, long = gae(rewards, values, 1.0, 1.0), gae(rewards, values, 1.0, 1.0 - 1e-12)
    for one, other in zip(short, long, strict=True):
        assert torch.allclose(one, other, atol=1e-8)


def test_sums_over_a_long_episode_lose_nothing_to_float32() -> None:
    """A million tokens with a reward of 1/3 each."""
    count = 1_000_000
    rewards = torch.full((count,), 1 / 3)
    _, returns = gae(rewards, torch.zeros(count), 1.0, 1.0)
    assert float(returns[0]) == pytest.approx(count * float(rewards[0]), rel=1e-7)


def test_results_have_the_values_dtype_and_no_gradient() -> None:
    values = torch.zeros(2, dtype=torch.bfloat16, requires_grad=True)
    for tensor in gae(torch.ones(2), values, 1.0, 0.5):
        assert tensor.dtype == torch.bfloat16
        assert not tensor.requires_grad


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((2, 1), (2, 1)), ((), ())])
def test_tensors_that_are_no_two_equal_vectors_are_refused(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    with pytest.raises(ValueError, match="two vectors of one length"):
        gae(torch.zeros(shapes[0]), torch.zeros(shapes[1]), 1.0, 1.0)


def test_a_reward_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UsageError, match="reward"):
        gae(torch.tensor([math.nan]), torch.zeros(1), 1.0, 1.0)


def test_a_critic_that_says_nan_stops_the_training() -> None:
    with pytest.raises(DivergedError, match="critic"):
        gae(torch.zeros(1), torch.tensor([math.inf]), 1.0, 1.0)

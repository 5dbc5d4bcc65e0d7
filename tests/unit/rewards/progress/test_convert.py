import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.rewards.progress.convert import Residual, contribution, difference, potential, segment

numbers = st.floats(-10, 10)
values = st.lists(numbers, min_size=2, max_size=20)


def test_a_contribution_is_the_change_of_value_and_the_last_turn_bears_what_is_missing() -> None:
    # changes 0.2 and 0.4; 1 - 0.6 is missing
    assert contribution((0.1, 0.3, 0.7), 1.0) == pytest.approx((0.2, 0.8))


def test_what_is_missing_can_be_spread_over_the_turns() -> None:
    assert contribution((0.1, 0.3, 0.7), 1.0, "spread") == pytest.approx((0.4, 0.6))


@given(values, numbers, st.integers(0, 18))
def test_what_is_earned_from_a_turn_on_is_the_outcome_less_what_was_credited_before(
    prefixes: list[float], outcome: float, turn: int
) -> None:
    rewards = contribution(prefixes, outcome)
    turn = min(turn, len(rewards) - 1)
    credited = prefixes[turn] - prefixes[0]  # known before the turn's action: a baseline

    assert math.fsum(rewards[turn:]) == pytest.approx(outcome - credited, abs=1e-9)


def test_without_residual_a_contribution_is_the_change_alone() -> None:
    assert contribution((0.1, 0.3, 0.7), 1.0, "none") == pytest.approx((0.2, 0.4))


@given(values, numbers, st.sampled_from(["last", "spread"]))
def test_contributions_sum_to_the_outcome(
    prefixes: list[float], outcome: float, residual: Residual
) -> None:
    assert math.fsum(contribution(prefixes, outcome, residual)) == pytest.approx(outcome, abs=1e-9)


@given(values, numbers)
def test_no_contribution_is_further_from_its_change_than_what_is_missing(
    prefixes: list[float], outcome: float
) -> None:
    missing = abs(outcome - (prefixes[-1] - prefixes[0]))
    pairs = zip(contribution(prefixes, outcome), difference(prefixes), strict=True)

    assert all(abs(given - change) <= missing + 1e-9 for given, change in pairs)


@given(values)
def test_differences_sum_to_the_change_of_value(prefixes: list[float]) -> None:
    expected = prefixes[-1] - prefixes[0]
    assert math.fsum(difference(prefixes)) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_differences_of_chances_of_success_are_bounded(chances: list[float]) -> None:
    assert all(-1 <= change <= 1 for change in difference(chances))


@given(values, st.floats(0.1, 1.0))
def test_potentials_sum_to_the_negative_of_the_first_one(
    prefixes: list[float], gamma: float
) -> None:
    shaped = potential(prefixes, gamma)
    total = math.fsum(gamma**turn * reward for turn, reward in enumerate(shaped))

    assert total == pytest.approx(-prefixes[0], abs=1e-9)


def test_the_potential_of_the_last_state_counts_as_zero() -> None:
    # 0.9 * 0.5 - 1.0, 0.9 * 2.0 - 0.5, 0.9 * 0 - 2.0
    assert potential((1.0, 0.5, 2.0, 7.0), 0.9) == pytest.approx((-0.55, 1.3, -2.0))


@given(st.lists(numbers, min_size=4, max_size=4), st.floats(0.1, 1.0))
def test_shaping_changes_the_return_of_every_policy_by_the_same(
    phi: list[float], gamma: float
) -> None:
    plain = {policy: _return(policy, gamma, None) for policy in POLICIES}
    shaped = {policy: _return(policy, gamma, phi) for policy in POLICIES}

    for policy in POLICIES:
        assert shaped[policy] - plain[policy] == pytest.approx(-phi[0], abs=1e-9)


def test_shaping_that_keeps_the_last_potential_would_change_the_order_of_policies() -> None:
    # why the last potential has to be 0: plain differences favor ending in state 3
    def total(policy: tuple[int, ...], shape: list[float]) -> float:
        states, rewards = _walk(policy)
        return sum(rewards) + sum(difference([shape[state] for state in states]))

    phi = [0.0, 0.0, 0.0, 10.0]
    best = max(POLICIES, key=lambda policy: _return(policy, 1.0, None))

    assert max(POLICIES, key=lambda policy: total(policy, phi)) != best
    assert max(POLICIES, key=lambda policy: _return(policy, 1.0, phi)) == best


def test_a_segment_is_rewarded_at_its_end() -> None:
    assert segment((0.0, 0.2, 0.5, 0.9), {1, 2}) == (0.0, 0.5, 0.9)


@pytest.mark.parametrize(
    "rewards",
    [
        contribution((0.3,), 1.0),
        contribution((0.3,), 1.0, "none"),
        difference((0.3,)),
        potential((0.3,)),
        segment((0.3,), set()),
    ],
)
def test_an_episode_without_turns_has_no_rewards(rewards: tuple[float, ...]) -> None:
    assert rewards == ()


def test_one_turn_contributes_the_whole_outcome() -> None:
    assert contribution((0.3, 0.4), 0.0) == pytest.approx((0.0,), abs=1e-12)
    assert contribution((0.3, 0.4), 1.0) == pytest.approx((1.0,))


def test_there_is_always_a_value_before_the_first_turn() -> None:
    with pytest.raises(ValueError, match="one more than the episode has turns"):
        difference(())


# A world that can be enumerated: 4 states, 2 actions, 3 turns; a policy is a table of the state's
# action. In state 2 the second action earns 1 and leads to 0; in 3 the first one earns 0.4.
NEXT = {(s, a): (s + 1 + a) % 4 for s, a in product(range(4), range(2))} | {(2, 1): 0}
EARNED = {(2, 1): 1.0, (3, 0): 0.4}
POLICIES = tuple(product(range(2), repeat=4))


def _walk(policy: tuple[int, ...]) -> tuple[list[int], list[float]]:
    states, rewards = [0], []
    for _ in range(3):
        step = (states[-1], policy[states[-1]])
        rewards.append(EARNED.get(step, 0.0))
        states.append(NEXT[step])
    return states, rewards


def _return(policy: tuple[int, ...], gamma: float, phi: list[float] | None) -> float:
    states, rewards = _walk(policy)
    shaped = potential([phi[state] for state in states], gamma) if phi else [0.0] * 3
    return sum(
        gamma**t * (reward + more)
        for t, (reward, more) in enumerate(zip(rewards, shaped, strict=True))
    )

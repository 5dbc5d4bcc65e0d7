"""STARC's promises, kept on records: what does not change the order of policies is no distance."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agentrl.episode import Episode
from agentrl.rewards.diagnose.diagnosis import diagnose
from agentrl.rewards.diagnose.distance import canonical, starc_distance
from tests.unit.rewards.diagnose.episodes import episode, named

STARTS = ["a", "a", "b", "b", "b", "c", "c"]
RETURNS = st.lists(st.integers(-20, 20).map(float), min_size=7, max_size=7)


def differs(returns: Sequence[float]) -> bool:
    return any(canonical(returns, STARTS))


@given(RETURNS, st.floats(1e-3, 1e3), st.lists(st.floats(-10, 10), min_size=3, max_size=3))
def test_a_scale_and_a_constant_a_task_are_no_distance(
    returns: list[float], scale: float, constants: list[float]
) -> None:
    shift = dict(zip("abc", constants, strict=True))
    moved = [scale * r + shift[start] for r, start in zip(returns, STARTS, strict=True)]

    assert starc_distance(returns, moved, STARTS) == pytest.approx(0.0, abs=1e-6)


@given(RETURNS)
def test_opposite_rewards_are_as_far_apart_as_can_be(returns: list[float]) -> None:
    assume(differs(returns))

    assert starc_distance(returns, [-r for r in returns], STARTS) == pytest.approx(1.0)


@given(RETURNS, RETURNS, RETURNS)
def test_it_is_a_pseudometric_from_0_to_1(a: list[float], b: list[float], c: list[float]) -> None:
    def distance(x: list[float], y: list[float]) -> float:
        found = starc_distance(x, y, STARTS)
        assert found is not None
        return found

    assert 0 <= distance(a, b) <= 1
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert distance(a, a) == 0
    assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-9


@given(RETURNS)
def test_a_reward_that_never_differs_is_half_way_to_every_other(returns: list[float]) -> None:
    assume(differs(returns))

    assert starc_distance(returns, [3.0] * 7, STARTS) == pytest.approx(0.5)
    assert starc_distance([1.0] * 7, [3.0] * 7, STARTS) == 0.0


def test_by_hand() -> None:
    # forms (1, -1)/sqrt2 of the first task alone and (1, -1)/sqrt2 of the second: cosine 0
    starts = ["a", "a", "b", "b"]

    assert canonical([3, 1, 5, 5], starts) == pytest.approx([0.5**0.5, -(0.5**0.5), 0, 0])
    assert starc_distance([3, 1, 5, 5], [2, 2, 1, 0], starts) == pytest.approx(math.sqrt(0.5))


def test_without_two_episodes_of_one_start_nothing_can_be_compared() -> None:
    assert starc_distance([1.0, 2.0], [2.0, 1.0], ["a", "b"]) is None


def shaped(values: Sequence[Sequence[float]]) -> list[Episode]:
    """Two tasks with half of the episodes each; ``value`` is the potential behind each turn."""
    return [
        episode(
            f"e{number}",
            {"success": float(number % 3 == 0)},
            [{"value": value} for value in row],
            task=f"task {number % 2}",
        )
        for number, row in enumerate(values)
    ]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(-5, 5), min_size=1, max_size=6), min_size=8, max_size=8),
    st.floats(0.1, 10),
)
def test_potential_shaping_by_a_spec_is_no_distance(
    values: list[list[float]], weight: float
) -> None:
    plain = named("plain", terms={"success": 1.0})
    shaping = {"fact": "value", "weight": weight, "transforms": [{"kind": "potential"}]}
    more = named("shaped", terms={"success": 2.0, "value": shaping})
    summed = named("summed", terms={"success": 2.0, "value": weight})

    report = diagnose("run", shaped(values), [plain, more, summed])
    found = {(d.first, d.second): d.starc for d in report.distances}

    assert found["plain", "shaped"] == pytest.approx(0.0, abs=1e-6)
    if max(abs(sum(row)) for row in values) > 1 and differing(values):
        assert found["plain", "summed"] != pytest.approx(0.0, abs=1e-6)


def differing(values: Sequence[Sequence[float]]) -> bool:
    """Whether the plain sums do not happen to go along with success inside tasks."""
    sums = [math.fsum(row) for row in values]
    failed = [(n % 2, sums[n]) for n in range(len(sums)) if n % 3]
    return any(abs(a - b) > 0.1 for task, a in failed for other, b in failed if task == other)

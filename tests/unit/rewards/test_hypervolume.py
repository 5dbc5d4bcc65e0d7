"""Volumes of fronts against areas worked out by hand, and the factor that they give a reward."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.rewards.compose import annotate_batch
from agentrl.rewards.hypervolume import exclusive, hypervolume, nondominated
from agentrl.rewards.state import RewardState
from tests.unit.rewards.episodes import episode, spec

ORIGIN = (0.0, 0.0, 0.0)


def test_three_boxes_by_hand() -> None:
    """1x1x3 + 1x3x1 + 3x1x1, which share the unit cube: 9 - 2."""
    boxes = [(1.0, 1.0, 3.0), (1.0, 3.0, 1.0), (3.0, 1.0, 1.0)]

    assert hypervolume(boxes, ORIGIN) == pytest.approx(7.0)
    assert exclusive(boxes[0], boxes[1:], ORIGIN) == pytest.approx(2.0)


@given(st.sets(st.tuples(*[st.integers(-1, 4)] * 3), max_size=8))
def test_the_volume_is_the_number_of_unit_cubes_below_the_points(
    corners: set[tuple[int, int, int]],
) -> None:
    covered = {
        cube
        for cube in product(range(4), repeat=3)
        if any(all(c < p for c, p in zip(cube, corner, strict=True)) for corner in corners)
    }
    points = [tuple(map(float, corner)) for corner in corners]

    assert hypervolume(points, ORIGIN) == pytest.approx(len(covered))


def test_points_that_another_covers_or_the_reference_does_are_no_part_of_the_front() -> None:
    points = [(1.0, 1.0), (2.0, 2.0), (2.0, 2.0), (3.0, 0.0), (1.0, 3.0)]

    assert nondominated(points, (0.0, 0.0)) == [(2.0, 2.0), (1.0, 3.0)]


def factors(section: dict[str, object], values: list[tuple[float, float]]) -> list[float]:
    """Return the factor on the reward after each batch with these means."""
    reward = spec({"combine": {"kind": "dynamic", **section}, "terms": {"a": 1.0, "b": -2.0}})
    state, found = RewardState(), []
    for a, b in values:
        _, state = annotate_batch(reward, [[episode("e", a=a, b=b)]], state)
        found.append(state.weights["a"])
        assert state.weights["a"] == state.weights["b"]
    return found


def test_the_factor_is_a_half_plus_the_squashed_gain_over_the_first_batch() -> None:
    """A term of a negative weight shall fall: b from 1 to 0.5 and a from 0 to 1 gain 1 * 0.5."""
    assert factors({}, [(0.0, 1.0), (1.0, 0.5), (0.5, 0.7), (1.0, 0.0)]) == pytest.approx(
        [0.5, 0.5 + 1.5 * math.tanh(0.5), 0.5, 0.5 + 1.5 * math.tanh(1.0 - 0.5)]
    )


def test_a_reference_of_ones_own_and_other_figures() -> None:
    section = {"reference": {"a": -1.0, "b": 1.0}, "base": 1.0, "gain": 0.5}

    assert factors(section, [(0.0, 0.5)]) == pytest.approx([1.0 + 0.5 * math.tanh(1.0 * 0.5)])


def test_the_front_keeps_the_points_that_add_the_most() -> None:
    reward = spec({"combine": {"kind": "dynamic", "points": 2}, "terms": {"a": 1.0, "b": 1.0}})
    state = RewardState(front=((0.0, 0.0), (3.0, 1.0), (1.0, 3.0)))

    _, state = annotate_batch(reward, [[episode("e", a=2.9, b=1.1)]], state)

    assert state.front == ((0.0, 0.0), (1.0, 3.0), (2.9, 1.1))

"""Actions on a screen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.rewards.verify.point import Box, ScreenAction, ScreenReference, facts

BOX = Box(10, 20, 40, 60)
numbers = st.floats(-1e3, 1e3)


def test_a_point_in_the_box_is_right() -> None:
    reference = ScreenReference("click", BOX)

    right = facts(ScreenAction("Click", (10, 60)), reference)
    beside = facts(ScreenAction("click", (9.9, 60)), reference)

    assert right == {"format": 1.0, "kind": 1.0, "point": 1.0, "text": 1.0, "exact": 1.0}
    assert (beside["kind"], beside["point"], beside["exact"]) == (1.0, 0.0, 0.0)


def test_an_argument_counts_only_with_the_right_kind() -> None:
    reference = ScreenReference("type", text="hello world")

    assert facts(ScreenAction("type", text="Hello world"), reference)["exact"] == 1.0
    assert facts(ScreenAction("type", text="hello"), reference)["text"] == pytest.approx(2 / 3)
    assert facts(ScreenAction("type", text="hello a b c"), reference)["text"] == 0.0
    assert facts(ScreenAction("click", text="hello world"), reference)["text"] == 0.0
    assert set(facts(None, reference).values()) == {0.0}
    assert facts(ScreenAction("type"), reference)["text"] == 0.0


def test_nearness_by_hand() -> None:
    assert BOX.nearness((25, 40)) == 1.0
    assert BOX.nearness((10, 20)) == pytest.approx(0.5)
    assert BOX.nearness((math.nan, 0)) == 0.0
    assert Box(1, 1, 1, 1).nearness((1, 1)) == 1.0
    assert Box(1, 1, 1, 1).nearness((2, 1)) == 0.0


@given(numbers, numbers)
def test_nearness_is_a_share(x: float, y: float) -> None:
    assert 0 <= BOX.nearness((x, y)) <= 1


@pytest.mark.parametrize("edges", [(1, 0, 0, 1), (0, 1, 1, 0), (0, 0, math.inf, 1)])
def test_a_box_that_is_none_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(UsageError, match="expected left, top, right, bottom"):
        Box(*edges)

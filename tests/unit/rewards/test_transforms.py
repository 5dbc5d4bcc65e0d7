"""Each transform by hand, and what must hold for all."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agentrl.rewards.facts import Row, total
from agentrl.rewards.state import RewardState
from agentrl.rewards.transforms import Context, log_sigmoid, percentile, sigmoid, transformed
from agentrl.suite.reward.transforms import TransformSpec
from tests.unit.rewards.episodes import episode

ADAPTER: TypeAdapter[TransformSpec] = TypeAdapter(TransformSpec)
SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def through(given: dict[str, Any], *rows: Row, state: RewardState | None = None) -> list[Row]:
    spec = ADAPTER.validate_python(given)
    members = [episode(str(number)) for number in range(len(rows))]
    return transformed(spec, rows, Context("term/0", members, state or RewardState()))


def test_scale_clip_and_tiers_act_on_each_value() -> None:
    row: Row = (-2.0, None, 0.3, 2.0)
    assert through({"kind": "scale", "factor": 2, "offset": 1}, row) == [(-3, None, 1.6, 5)]
    assert through({"kind": "clip", "low": -1, "high": 1}, row) == [(-1, None, 0.3, 1)]
    tiers = {"kind": "tiers", "tiers": [[0.25, 0.1], [1.0, 1.0]]}
    assert through(tiers, row) == [(0, None, 0.1, 1)]


def test_cap_lets_a_step_cost_and_never_earn() -> None:
    """Clip of arXiv 2410.15115: min(PRM - eta, 0)."""
    (row,) = through({"kind": "cap", "eta": 0.5}, (0.2, 0.5, 0.9))
    assert row == pytest.approx((-0.3, 0.0, 0.0))


def test_delta_is_the_fall_to_the_next_turn() -> None:
    """Delta of arXiv 2410.15115 over four turns of which the last holds the answer."""
    (row,) = through({"kind": "delta"}, (0.9, 0.4, 0.6, 0.7))
    assert row == pytest.approx((0.5, -0.2, 0.6, 0.0))


@given(SCORES)
def test_the_deltas_from_any_turn_on_sum_to_that_turns_value(values: list[float]) -> None:
    """So that a long episode of good steps earns no more than one good step."""
    (row,) = through({"kind": "delta"}, (*values, 0.5))
    for turn, value in enumerate(values):
        assert total(row[turn:]) == pytest.approx(value)


@given(SCORES)
def test_cap_then_delta_never_earns_from_any_turn_on(values: list[float]) -> None:
    (row,) = through({"kind": "delta"}, *through({"kind": "cap"}, (*values, 0.5)))
    assert all(total(row[turn:]) <= 1e-9 for turn in range(len(row)))


def test_difference_is_what_a_turn_added() -> None:
    (row,) = through({"kind": "difference", "start": 0.1}, (0.4, None, 0.3))
    assert row == pytest.approx((0.3, None, -0.1))


@given(SCORES, st.floats(-1, 1))
def test_differences_sum_to_the_last_value_less_the_start(
    values: list[float], start: float
) -> None:
    (row,) = through({"kind": "difference", "start": start}, tuple(values))
    assert total(row) == pytest.approx(values[-1] - start)


def test_potential_by_hand() -> None:
    """gamma * after - before, with 0 at the end: 0.9 * 0.5 - 0.2, 0.9 * 0.8 - 0.5, -0.8."""
    (row,) = through({"kind": "potential", "gamma": 0.9, "start": 0.2}, (0.5, 0.8, 0.3))
    assert row == pytest.approx((0.25, 0.22, -0.8))


@given(SCORES, st.floats(-1, 1), st.floats(0.1, 1))
def test_discounted_potentials_sum_to_less_the_start_whatever_happens(
    values: list[float], start: float, gamma: float
) -> None:
    """Which is why no policy gains by them."""
    given_ = {"kind": "potential", "gamma": gamma, "start": start}
    (row,) = through(given_, tuple(values))
    returned = sum(gamma**turn * (value or 0.0) for turn, value in enumerate(row))
    assert returned == pytest.approx(-start)


def test_zscore_over_the_group_by_hand() -> None:
    """Of 1, 2 and 3 the mean is 2 and the deviation the root of 2/3."""
    rows = through({"kind": "zscore"}, (1.0, 3.0), (2.0,))
    assert rows[0] == pytest.approx((-math.sqrt(1.5), math.sqrt(1.5)))
    assert rows[1] == (0.0,)


@given(st.floats(-1e6, 1e6), st.integers(1, 4))
def test_zscore_of_equal_values_is_zero(value: float, size: int) -> None:
    assert through({"kind": "zscore"}, *[(value,)] * size) == [(0.0,)] * size


def test_sigmoid_of_a_constant_centre() -> None:
    (row,) = through({"kind": "sigmoid", "centre": 2.0, "steepness": 2.0}, (3.0,))
    assert row == pytest.approx((1 / (1 + math.exp(-2)),))


def test_par_averages_over_the_references_of_the_task() -> None:
    """PAR (arXiv 2502.18770) with M = 2 references 0 and 2 and a reward of 1."""
    state = RewardState(references={"term/0": {"t": (0.0, 2.0)}})
    (row,) = through({"kind": "sigmoid", "reference": "samples"}, (1.0,), state=state)
    assert row == pytest.approx(((sigmoid(1.0) + sigmoid(-1.0)) / 2,))


def test_without_references_the_group_stands_in() -> None:
    rows = through({"kind": "sigmoid", "reference": "group_mean"}, (1.0,), (3.0,))
    assert [row[0] for row in rows] == pytest.approx([sigmoid(-1.0), sigmoid(1.0)])


def test_log_sigmoid_is_centred_on_a_percentile_of_what_was_seen() -> None:
    state = RewardState(windows={"term/0": (0.0, 1.0, 2.0, 3.0, 4.0)})
    spec = {"kind": "log_sigmoid", "reference": "percentile", "percentile": 75}
    (row,) = through(spec, (5.0,), state=state)
    assert row == pytest.approx((log_sigmoid(2.0),))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6))
def test_sigmoid_is_bounded_and_finite(values: list[float]) -> None:
    rows = through({"kind": "sigmoid", "reference": "group_mean"}, *[(v,) for v in values])
    assert all(0 <= (row[0] or 0.0) <= 1 for row in rows)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=6))
def test_sigmoid_keeps_the_order(values: list[float]) -> None:
    rows = through({"kind": "sigmoid"}, tuple(sorted(values)))
    row = [value or 0.0 for value in rows[0]]
    assert row == sorted(row)


def test_percentiles_interpolate() -> None:
    assert percentile([0.0, 10.0], 5) == pytest.approx(0.5)
    assert percentile([7.0], 95) == 7.0


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({"kind": "clip"}, "needs 'low', 'high' or both"),
        ({"kind": "clip", "low": 2, "high": 1}, "'low' 2 is above 'high' 1"),
        ({"kind": "tiers", "tiers": [[0.5, 1], [0.4, 2]]}, "must ascend"),
        ({"kind": "sigmoid", "steepness": 0}, "greater than 0"),
        ({"kind": "wobble"}, "wobble"),
    ],
)
def test_a_transform_that_makes_no_sense_is_refused(given_: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ADAPTER.validate_python(given_)

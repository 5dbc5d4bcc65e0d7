"""How terms become a reward: fixed ways by hand, and weights that are learnt."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode
from agentrl.rewards.combine import geometric_mean
from agentrl.rewards.compose import annotate, annotate_batch
from agentrl.rewards.hypervolume import hypervolume
from agentrl.rewards.state import RewardState
from tests.unit.rewards.episodes import episode, spec


def reward(combine: Any, state: RewardState | None = None, **outcome: float) -> float:
    data = {"terms": dict.fromkeys(outcome, 1.0), "combine": combine}
    (one,) = annotate(spec(data), [episode("a", outcome=outcome)], state or RewardState())
    assert sum(one.turns[-1].terms.values()) == one.reward
    return one.reward


def test_a_sum_a_product_and_a_geometric_mean_by_hand() -> None:
    assert reward("sum", a=0.5, b=0.8) == pytest.approx(1.3)
    assert reward("product", a=0.5, b=0.8) == pytest.approx(0.4)
    assert reward("geometric", a=0.5, b=0.8) == pytest.approx(math.sqrt(0.4))


def test_a_geometric_mean_is_negative_if_any_term_is() -> None:
    assert reward("geometric", a=-0.5, b=0.8) == pytest.approx(-math.sqrt(0.4))


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5))
def test_a_geometric_mean_lies_between_the_magnitudes(values: list[float]) -> None:
    size = abs(geometric_mean(*values))
    assert min(map(abs, values)) - 1e-9 <= size <= max(map(abs, values)) + 1e-9


def lagrangian(**constraint: float) -> dict[str, Any]:
    return {
        "terms": {"success": 1.0, "used": 0.0},
        "combine": {"kind": "lagrangian", "constraints": {"used": constraint}},
    }


def spending(*amounts: float) -> list[list[Episode]]:
    return [[episode(str(n), success=1.0, used=t) for n, t in enumerate(amounts)]]


def test_a_multiplier_grows_with_the_violation_and_pays_for_the_distance() -> None:
    """Mean 3 against a limit of 1 at rate 0.5: the multiplier goes from 0 to 1."""
    data = spec(lagrangian(at_most=1.0, rate=0.5))
    _, state = annotate_batch(data, spending(2.0, 4.0))
    assert state.multipliers == {"used": 1.0}
    (group,), state = annotate_batch(data, spending(0.0, 3.0), state)
    assert [one.reward for one in group] == [1 + 1.0, 1 - 2.0]
    assert state.multipliers == {"used": 1.25}


def test_a_multiplier_stays_between_nothing_and_its_most() -> None:
    data = spec(lagrangian(at_most=1.0, rate=0.5, most=2.0))
    _, low = annotate_batch(data, spending(0.0))
    _, high = annotate_batch(data, spending(100.0))
    assert (low.multipliers["used"], high.multipliers["used"]) == (0.0, 2.0)


def test_a_term_that_shall_reach_a_threshold() -> None:
    data = spec(lagrangian(at_least=2.0, rate=1.0))
    _, state = annotate_batch(data, spending(1.0))
    assert state.multipliers == {"used": 1.0}


def test_a_constraint_has_one_threshold() -> None:
    for constraint in ({}, {"at_least": 1.0, "at_most": 2.0}):
        with pytest.raises(ValueError, match="either 'at_least' or 'at_most'"):
            spec(lagrangian(**constraint))


def test_a_constraint_on_no_term_is_refused() -> None:
    combine = {"kind": "lagrangian", "constraints": {"usd": {"at_most": 1}}}
    with pytest.raises(ValueError, match="names 'usd'"):
        spec({"terms": {"success": 1}, "combine": combine})


def test_hypervolumes_by_hand() -> None:
    """The union of two boxes of 2 x 1 and 1 x 2 is 3; a box of 1 x 2 x 3 is 6."""
    assert hypervolume([(2.0, 1.0), (1.0, 2.0)], (0.0, 0.0)) == pytest.approx(3.0)
    assert hypervolume([(1.0, 2.0, 3.0)], (0.0, 0.0, 0.0)) == pytest.approx(6.0)
    assert hypervolume([(2.0, 1.0), (1.0, 1.0)], (0.0, 0.0)) == pytest.approx(2.0)


POINT = st.tuples(st.floats(0, 5), st.floats(0, 5), st.floats(0, 5))


@given(st.lists(POINT, min_size=1, max_size=5), POINT)
def test_a_further_point_never_shrinks_the_volume(
    points: list[tuple[float, float, float]], more: tuple[float, float, float]
) -> None:
    before = hypervolume(points, (0.0, 0.0, 0.0))
    assert hypervolume([*points, more], (0.0, 0.0, 0.0)) >= before - 1e-9


def test_weights_learnt_from_agreement_stay_positive_with_a_mean_of_one() -> None:
    data = spec({"terms": {"a": 1.0, "b": 1.0}, "combine": {"kind": "dynamic", "by": "gradient"}})
    state = RewardState()
    for step in range(5):
        batch = [[episode(f"{step}{n}", a=float(n), b=0.1 * step) for n in range(3)]]
        _, state = annotate_batch(data, batch, state)
    assert sum(state.weights.values()) == pytest.approx(2.0)
    assert min(state.weights.values()) > 0.05
    assert RewardState.from_data(json.loads(json.dumps(state.to_data()))) == state


def test_a_batch_that_extends_the_front_strengthens_the_whole_reward() -> None:
    data = spec({"terms": {"a": 1.0, "b": 1.0}, "combine": {"kind": "dynamic"}})
    state = RewardState()
    factors = []
    for value in (0.1, 0.9, 0.5):
        _, state = annotate_batch(data, [[episode("e", a=value, b=value)]], state)
        assert state.weights["a"] == state.weights["b"]
        factors.append(state.weights["a"])
    assert factors[1] > factors[2]
    assert RewardState.from_data(json.loads(json.dumps(state.to_data()))) == state


def test_terms_that_agree_gain_weight_over_one_that_does_not() -> None:
    terms = {"a": 1.0, "b": 1.0, "against": 1.0}
    data = spec({"terms": terms, "combine": {"kind": "dynamic", "by": "gradient"}})
    group = [episode(str(n), a=n, b=2.0 * n, against=-0.5 * n) for n in range(4)]
    _, state = annotate_batch(data, [group])
    assert state.weights["a"] > state.weights["against"]

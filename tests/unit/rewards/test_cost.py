"""Costs: each kind by hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Call, Episode, Generation, Sampling, Turn, Usage
from agentrl.rewards.compose import annotate, annotate_batch, compose
from agentrl.rewards.cost import budget_at
from agentrl.rewards.facts import METERS
from agentrl.rewards.state import RewardState
from agentrl.suite.reward.cost import BudgetCost
from tests.unit.rewards.episodes import episode, spec


def costing(name: str, spent: float, success: float = 1.0) -> Episode:
    return episode(name, [{"spent": spent}], success=success)


def linear(alpha: float, **more: object) -> dict[str, object]:
    cost = {"kind": "linear", "meter": "spent", "alpha": alpha, **more}
    return {"terms": {"success": 1.0}, "cost": {"cheap": cost}}


def test_router_r1_by_hand() -> None:
    """Roots of the costs 0, 1, ..., 100 have P5 = 5 and P95 = 95 (arXiv 2506.09033)."""
    seen = tuple(float(root) for root in range(101))
    state = RewardState(windows={"cheap": seen})
    reward = spec(linear(0.6))

    def earned(root: float, success: float = 1.0) -> float:
        return sum(compose(reward, [costing("a", root**2, success)], state)[0])

    assert earned(50) == pytest.approx(0.4 + 0.6 * 0.5)
    assert earned(5) == pytest.approx(1.0)
    assert earned(2) == pytest.approx(1.0)
    assert earned(99) == pytest.approx(0.4)
    assert earned(5, success=0) == 0.0


def test_where_costs_do_not_differ_cheapness_is_a_half() -> None:
    group = [costing("a", 4.0), costing("b", 4.0)]
    assert [sum(earned) for earned in compose(spec(linear(0.6)), group)] == [pytest.approx(0.7)] * 2


def test_the_window_keeps_the_last_episodes() -> None:
    reward = spec(linear(0.5, window=3, scale="none"))
    _, state = annotate_batch(reward, [[costing(str(n), float(n)) for n in range(5)]])
    assert state.windows == {"cheap": (2.0, 3.0, 4.0)}
    assert RewardState.from_data(state.to_data()) == state


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0, 1))
def test_a_linear_cost_stays_between_nothing_and_the_whole_reward(
    costs: list[float], alpha: float
) -> None:
    group = [costing(str(n), spent) for n, spent in enumerate(costs)]
    for (earned,) in compose(spec(linear(alpha)), group):
        assert 1 - alpha - 1e-9 <= earned <= 1 + 1e-9


def test_laser_pays_a_bonus_within_the_target() -> None:
    data = {
        "terms": {"success": 1.0},
        "cost": {"short": {"kind": "step", "meter": "spent", "target": 10, "bonus": 0.5}},
    }
    group = [costing("a", 10), costing("b", 10.1), costing("c", 1, success=0)]
    assert [sum(r) for r in compose(spec(data), group)] == [1.5, 1.0, 0.0]


def test_targets_of_each_difficulty_follow_what_solved_episodes_cost() -> None:
    data = {
        "terms": {"success": 1.0},
        "cost": {"short": {"kind": "step", "meter": "spent", "target": 99, "per_difficulty": True}},
    }
    easy = [costing("a", 2.0), costing("b", 4.0), costing("c", 6.0)]
    hard = [costing("d", 50.0), *(costing(n, 1.0, success=0) for n in "efg")]
    (first, second), state = annotate_batch(spec(data), [easy, hard])
    assert state.windows == {"short/easy": (2.0, 4.0, 6.0), "short/hard": (50.0,)}
    assert [one.reward for one in first] == [1.5, 1.5, 1.0]
    assert second[0].reward == 1.5


def test_a_budget_shrinks_and_its_bonus_peaks_at_the_budget() -> None:
    """Train Long, Think Short: here from 100 to 25 over two steps, so 50 after one."""
    cost = BudgetCost(kind="budget", start=100, end=25, steps=2, meter="spent")
    assert [budget_at(cost, step) for step in (0, 1, 2, 9)] == pytest.approx([100, 50, 25, 25])
    data = {"terms": {"success": 1.0}, "cost": {"b": cost.model_dump()}}

    def bonus(spent: float) -> float:
        return sum(compose(spec(data), [costing("a", spent)], RewardState(step=1))[0]) - 1

    assert [bonus(s) for s in (25, 50, 75, 100, 300)] == pytest.approx([0.25, 0.5, 0.25, 0, 0])


def test_wmact_scales_by_the_share_of_effective_turns() -> None:
    """R = R_outcome * N_eff / N (arXiv 2511.23476)."""
    signals = [{"grounded": 1.0}, {"grounded": 0.0}, {}, {"grounded": 1.0}]
    assert sum(compose(spec({"preset": "wmact"}), [episode("a", signals, success=1)])[0]) == 0.5


def test_grpo_lambda_shrinks_by_the_deviation_from_solved_episodes() -> None:
    """Of solved episodes with 10 and 30 tokens the mean is 20 and the deviation 10."""
    group = [
        episode("a", tokens=(10,), success=1),
        episode("b", tokens=(30,), success=1),
        episode("c", tokens=(20,), success=0),
    ]
    earned = [one.reward for one in annotate(spec({"preset": "grpo-lambda"}), group)]
    low, high = 1 / (1 + math.exp(1)), 1 / (1 + math.exp(-1))
    assert earned == pytest.approx([1 - 0.6 * low, 1 - 0.6 * high, 0.0])


def test_a_plain_cost_is_taken_off_up_to_a_limit() -> None:
    plain = {"kind": "plain", "meter": "spent", "weight": 0.1, "most": 0.5, "only_if": "always"}
    data = {"terms": {"success": 1.0}, "cost": {"p": plain}}
    group = [costing("a", 3), costing("b", 100), costing("c", 3, success=0)]
    assert [sum(r) for r in compose(spec(data), group)] == pytest.approx([0.7, 0.5, -0.3])


def test_a_later_factor_scales_what_an_earlier_cost_added() -> None:
    data = linear(0.5, scale="none")
    data["cost"] = {
        **data["cost"],  # type: ignore[dict-item]
        "ratio": {"kind": "ratio", "effective": "moved"},
    }
    one = episode("a", [{"spent": 0.0, "moved": 1.0}, {"moved": 0.0}], success=1)
    state = RewardState(windows={"cheap": (0.0, 1.0)})
    assert sum(compose(spec(data), [one], state)[0]) == pytest.approx(0.5 * (0.5 + 0.5))


def test_meters_add_what_the_model_and_the_workers_spent() -> None:
    answer = Generation("", "stop", "m", Sampling(), Usage(100, 7), cost_usd=0.5)
    turn = Turn(
        "",
        "",
        (answer, answer),
        signals={"worker_usd": 0.25, "worker_tokens_out": 3.0, "worker_calls": 2.0},
        duration_s=1.5,
    )
    read = {name.removeprefix("meter/"): meter(turn) for name, meter in METERS.items()}
    assert read == {
        "tokens_in": 200,
        "tokens_out": 17,
        "tokens": 217,
        "usd": 1.25,
        "seconds": 1.5,
        "turns": 1,
        "calls": 4,
    }


def test_the_calls_of_workers_stay_on_the_turn() -> None:
    call = Call("n", "w", (), None, error="gone")
    asked = replace(episode("a", success=1), turns=(Turn("", "", calls=(call,)),))
    (done,) = annotate(spec({}), [asked])
    assert done.turns[0].calls == (call,)

"""Gates: each mode by hand, and that nothing gets through a closed one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode
from agentrl.rewards.compose import annotate, annotate_batch, compose
from tests.unit.rewards.episodes import episode, spec

VALUES = st.floats(-100, 100)


def opened(one: Episode) -> dict[str, bool]:
    return {gate.name: gate.open for gate in one.gates}


G_RA = {
    "terms": {
        "outcome": {
            "kind": "ladder",
            "rungs": ["submitted", "patch_nonempty", "resolved"],
            "values": [0, 0.1, 0.3, 1],
        },
        "tool_ok": {"weight": 0.5, "level": 1},
    },
    "gates": {
        "handed-in": {"mode": "zero", "when": {"term": "outcome", "at_least": 0.3}, "level": 1}
    },
}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"submitted": 0, "patch_nonempty": 1, "resolved": 1}, (0.0, 0.0)),
        ({"submitted": 1, "patch_nonempty": 0, "resolved": 0}, (0.0, 0.1)),
        ({"submitted": 1, "patch_nonempty": 1, "resolved": 0}, (0.5, 0.3)),
        ({"submitted": 1, "patch_nonempty": 1, "resolved": 1}, (0.5, 1.0)),
    ],
)
def test_stepwise_rewards_count_from_a_submitted_patch_on(
    outcome: dict[str, float], expected: tuple[float, ...]
) -> None:
    """G-RA (arXiv 2508.10548): the gate opens at the level of a patch that fails its tests."""
    one = episode("a", [{"tool_ok": 1.0}, {"tool_ok": 0.0}], outcome=outcome)
    (rewards,) = compose(spec(G_RA), [one])
    assert rewards == pytest.approx(expected)


def test_a_gate_says_why_it_is_closed() -> None:
    (one,) = annotate(spec(G_RA), [episode("a", submitted=1, patch_nonempty=0)])
    (gate,) = one.gates
    assert not gate.open
    assert gate.why == "outcome is 0.1, asked for outcome >= 0.3"


def test_a_fact_that_nobody_states_keeps_a_gate_closed() -> None:
    data = {"terms": {"x": {"level": 1}}, "gates": {"g": {"mode": "on_success", "closes": ["x"]}}}
    (one,) = annotate(spec(data), [episode("a", [{"x": 1.0}])])
    assert one.gates[0].why == "success is not stated"
    assert one.reward == 0.0


@given(st.lists(VALUES, min_size=1, max_size=5), st.floats(-10, 10), st.floats(-10, 10))
def test_nothing_of_a_closed_term_gets_through(
    values: list[float], weight: float, outcome: float
) -> None:
    data = {
        "terms": {"high": {"weight": 0.0}, "low": {"weight": weight, "level": 1}},
        "gates": {"g": {"mode": "zero", "when": {"term": "high", "at_least": 1}, "level": 1}},
    }
    (one,) = annotate(spec(data), [episode("a", [{"low": v} for v in values], high=outcome)])
    if outcome < 1:
        assert all(turn.terms["low"] == 0.0 for turn in one.turns)
    else:
        assert one.reward == pytest.approx(weight * sum(values))


def test_several_levels_close_one_another_in_turn() -> None:
    """The general form: what a level earns is 0 when any higher one misses its threshold."""
    data = {
        "terms": {"a": 1.0, "b": {"level": 1}, "c": {"level": 2}},
        "gates": {
            "first": {"mode": "zero", "when": {"term": "a", "at_least": 1}, "level": 1},
            "second": {"mode": "zero", "when": {"term": "b", "at_least": 1}, "level": 2},
        },
    }

    def earned(a: float, b: float) -> float:
        return sum(compose(spec(data), [episode("e", a=a, b=b, c=10.0)])[0])

    assert earned(1, 1) == 12
    assert earned(1, 0) == 1
    assert earned(0, 1) == 0


@pytest.mark.parametrize(("right", "thinking", "expected"), [(1, 0.7, 2.7), (0, 0.7, 1.0)])
def test_posterior_grpo_adds_the_thought_only_to_what_is_right(
    right: float, thinking: float, expected: float
) -> None:
    """R = R_f + R_o + R_o * R_t (arXiv 2508.05170)."""
    one = episode("a", [{"format_ok": 1.0}], success=right, thinking=thinking)
    assert sum(compose(spec({"preset": "posterior-grpo"}), [one])[0]) == pytest.approx(expected)


def test_penalties_multiply() -> None:
    """CaRL: progress times a factor for each kind of infraction."""
    data = {
        "terms": {"progress": 1.0},
        "gates": {
            "p": {
                "mode": "multiply",
                "penalties": {"hit": 0.5, "left": 0.8},
                "closes": ["progress"],
            }
        },
    }
    one = episode("a", [{"hit": 1.0}, {"hit": 1.0, "left": 1.0}], progress=0.9)
    assert compose(spec(data), [one])[0][-1] == pytest.approx(0.9 * 0.5 * 0.8)
    data["gates"]["p"]["each"] = True  # type: ignore[index]
    assert compose(spec(data), [one])[0][-1] == pytest.approx(0.9 * 0.25 * 0.8)


def test_an_infraction_with_factor_zero_closes_the_gate() -> None:
    data = {
        "terms": {"progress": 1.0},
        "gates": {"p": {"mode": "multiply", "penalties": {"cheat": 0.0}, "closes": ["progress"]}},
    }
    (one,) = annotate(spec(data), [episode("a", [{"cheat": 1.0}], progress=1.0)])
    assert (one.reward, opened(one)) == (0.0, {"p": False})


def test_renorm_shifts_the_process_by_the_outcome() -> None:
    """r_t = process + outcome - 1 on every turn but the last (arXiv 2509.25598)."""
    signals = [{"process": 0.8}, {"process": 0.3}, {"process": 0.9}]
    right = compose(spec({"preset": "renorm"}), [episode("a", signals, success=1.0)])[0]
    wrong = compose(spec({"preset": "renorm"}), [episode("a", signals, success=0.0)])[0]
    assert right == pytest.approx((0.8, 0.3, 1.0))
    assert wrong == pytest.approx((-0.2, -0.7, 0.0))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.sampled_from([0.0, 1.0]))
def test_under_renorm_the_outcome_keeps_the_sign(values: list[float], success: float) -> None:
    one = episode("a", [{"process": v} for v in values], success=success)
    rewards = compose(spec({"preset": "renorm"}), [one])[0][:-1]
    assert all(reward >= 0 if success else reward <= 0 for reward in rewards)


def test_a_broken_format_overrides_everything() -> None:
    """Router-R1: -1, whatever else was earned, and no cost counts."""
    bad = episode("a", [{}, {}], success=1.0, format_valid=0.0)
    (one,) = annotate(spec({"preset": "router-r1"}), [bad])
    assert one.rewards == (0.0, -1.0)
    assert one.turns[-1].terms == {"format": -1.0}


def group(name: str, *successes: float) -> list[Episode]:
    return [
        episode(f"{name}{n}", task=name, tokens=(10 * (n + 1),), success=success)
        for n, success in enumerate(successes)
    ]


def test_only_the_best_share_of_groups_sees_the_cost() -> None:
    """GRPO-lambda (arXiv 2505.18086): of five groups the best fifth."""
    batch = [group("a", 1, 1, 1), group("b", 1, 0, 0), *(group(n, 0, 0, 0) for n in "cde")]
    rewarded, _ = annotate_batch(spec({"preset": "grpo-lambda"}), batch)
    assert all(one.gates[0].open == (one.task_id == "a") for g in rewarded for one in g)
    assert rewarded[1][0].reward == 1.0
    assert rewarded[0][0].reward < 1.0


def test_groups_of_equal_success_are_treated_alike() -> None:
    batch = [group(n, 1, 0) for n in "abcde"]
    rewarded, _ = annotate_batch(spec({"preset": "grpo-lambda"}), batch)
    assert all(one.gates[0].open for g in rewarded for one in g)


def test_a_group_gate_may_ask_for_a_rate() -> None:
    data = {
        "terms": {"success": 1.0, "bonus": {"level": 1}},
        "gates": {"g": {"mode": "group", "at_least": 0.5, "closes": ["bonus"]}},
    }
    good = [episode("a", success=1, bonus=1), episode("b", success=0, bonus=1)]
    assert [one.reward for one in annotate(spec(data), good)] == [2.0, 1.0]
    bad = [episode("a", success=0, bonus=1), episode("b", success=0, bonus=1)]
    assert [one.reward for one in annotate(spec(data), bad)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("gates", "complaint"),
    [
        (
            {"g": {"mode": "zero", "when": {"term": "low", "at_least": 1}, "closes": ["high"]}},
            r"asks about term 'low' of level 1 and closes 'high' of level 0",
        ),
        (
            {"g": {"mode": "zero", "when": {"term": "hgih", "at_least": 1}, "closes": ["low"]}},
            "names 'hgih', which is none of high, low",
        ),
        ({"g": {"mode": "on_success", "closes": ["lwo"]}}, "names 'lwo'"),
        ({"g": {"mode": "on_success"}}, "needs 'closes'"),
        ({"g": {"mode": "on_success", "level": 7}}, "no term has level 7"),
        ({"g": {"mode": "multiply", "closes": ["low"]}}, "needs 'penalties', 'by' or both"),
        ({"g": {"mode": "group", "closes": ["low"]}}, "either 'share' or 'at_least'"),
        ({"low": {"mode": "on_success", "closes": ["low"]}}, "need names of their own"),
        (
            {"g": {"mode": "zero", "when": {"fact": "a", "term": "high", "above": 1}, "level": 1}},
            "one 'fact' or one 'term'",
        ),
        ({"g": {"mode": "zero", "when": {"fact": "a"}, "level": 1}}, "has one of 'at_least'"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(gates: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        spec({"terms": {"high": 1.0, "low": {"level": 1}}, "gates": gates})

"""Whether the facts that a reward asks for are stated, and are numbers."""

import math
from typing import Any

import pytest

from agentrl.errors import RewardError
from agentrl.rewards.check import check_facts, unstated
from agentrl.rewards.compose import compose
from tests.unit.rewards.episodes import episode, spec

STATED = ["success", "format_ok", "tests_passed", "test_*", "milestone_load"]


def test_an_unknown_fact_is_named_with_the_nearest_and_all_there_are() -> None:
    reward = spec({"terms": {"success": 1.0, "test_passed_all": 1.0, "tests_pased": 1.0}})

    with pytest.raises(RewardError) as caught:
        check_facts(reward, STATED, "the environment")

    said = str(caught.value)
    assert said.startswith("reward.terms.tests_pased: nothing states 'tests_pased'")
    assert "did you mean tests_passed?" in said
    assert "the environment states success, format_ok, tests_passed" in said
    assert "meter/usd" in said


@pytest.mark.parametrize("pattern", ["test_*", "test_1", "milestone_*"])
def test_a_pattern_is_met_by_a_name_and_a_name_by_a_pattern(pattern: str) -> None:
    assert not list(unstated(spec({"terms": {"t": {"kind": "checks", "checks": pattern}}}), STATED))


def test_every_part_of_a_reward_is_checked() -> None:
    reward = spec(
        {
            "terms": {
                "success": 1.0,
                "ladder": {"kind": "ladder", "rungs": ["a"], "values": [0, 1]},
                "both": {"kind": "ensemble", "facts": ["b", "success"]},
                "low": {"fact": "success", "level": 1},
            },
            "gates": {
                "when": {"mode": "zero", "when": {"fact": "c", "above": 0}, "closes": ["low"]},
                "scale": {"mode": "multiply", "penalties": {"d": 0}, "by": "e", "closes": ["low"]},
                "group": {"mode": "group", "share": 0.5, "fact": "f", "closes": ["low"]},
            },
            "cost": {
                "meter": {"kind": "plain", "weight": 1, "meter": "g"},
                "ratio": {"kind": "ratio", "effective": "h"},
            },
        }
    )

    assert [fact for _, fact in unstated(reward, STATED)] == list("abcdefgh")


def test_a_label_states_its_name_and_its_parts() -> None:
    rule = {"kind": "tournament", "rule": [{"fact": "success"}]}
    reward = spec({"labels": {"rank": rule}, "terms": {"rank": 1.0, "rank/points": 0.1}})

    assert not list(unstated(reward, STATED))


GATED: list[dict[str, Any]] = [
    {"gates": {"g": {"mode": "zero", "when": {"fact": "bad", "at_least": 0}, "level": 1}}},
    {"gates": {"g": {"mode": "override", "when": {"fact": "bad", "below": 0}}}},
    {"gates": {"g": {"mode": "multiply", "by": "bad", "level": 1}}},
    {"gates": {"g": {"mode": "multiply", "penalties": {"bad": 0.5}, "level": 1}}},
    {"gates": {"g": {"mode": "group", "at_least": 0.5, "fact": "bad", "level": 1}}},
    {"cost": {"c": {"kind": "plain", "weight": 0.1, "meter": "bad"}}},
    {"cost": {"c": {"kind": "linear", "meter": "bad"}}},
    {"cost": {"c": {"kind": "deviation", "meter": "bad"}}},
    {"cost": {"c": {"kind": "ratio", "effective": "bad"}}},
    {"terms": {"t": {"kind": "ladder", "rungs": ["bad"], "values": [0, 1]}}},
]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("section", GATED, ids=lambda s: str(next(iter(s.values()))))
def test_a_fact_that_is_no_number_is_refused_wherever_it_is_asked_for(
    section: dict[str, Any], bad: float
) -> None:
    terms = section.get("terms", {"success": 1.0, "low": {"fact": "success", "level": 1}})
    group = [episode("fine", success=1.0, bad=0.0), episode("broken", success=1.0, bad=bad)]

    with pytest.raises(RewardError, match=r"fact 'bad' of episode 'broken' is (nan|inf)"):
        compose(spec({**section, "terms": terms}), group)


def test_weights_that_overflow_name_the_turn_and_the_terms() -> None:
    reward = spec({"terms": {"a": 1e308, "b": 1e308}})

    with pytest.raises(RewardError, match=r"turn 1 of episode 'x' is not finite \(\{'a'"):
        compose(reward, [episode("x", a=1.0, b=1.0)])

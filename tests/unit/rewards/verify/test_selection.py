"""A set of answers against a reference set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.rewards.verify.selection import facts, prefix_credit

triples = st.lists(st.tuples(*[st.sampled_from("ab")] * 3), max_size=5)


def test_the_facts_of_a_choice_by_hand() -> None:
    assert facts({"a", "x"}, {"a", "b"}, {"a", "b", "x", "y"}) == {
        "recall": 0.5,
        "over": 0.5,
        "inaction": 0.0,
        "score": 0.0,
        "exact": 0.0,
    }
    assert facts(set(), {"a"})["inaction"] == 1.0
    assert facts({"a"}, {"a"})["exact"] == facts(set(), set())["exact"] == 1.0


def test_credit_grows_with_the_parts_that_are_right() -> None:
    right = [("cup", "color", "red"), ("ball", "size", "small")]

    assert prefix_credit([("cup", "color", "red")], right) == 5.0 / 10
    assert prefix_credit([("cup", "color", "blue"), ("ball", "shape", "x")], right) == 2.0 / 10
    assert prefix_credit(right, right) == 1.0
    assert prefix_credit([("tree", "color", "red")], right) == 0.0
    assert prefix_credit([], []) == 1.0
    assert prefix_credit(right, []) == 0.0


def test_a_reference_answer_is_met_once() -> None:
    assert prefix_credit([("cup", "color", "red")] * 9, [("cup", "color", "red")] * 2) == 1.0
    assert prefix_credit([("cup", "a", "b")] * 9, [("cup", "color", "red")]) == 0.1


def test_credits_must_rise() -> None:
    with pytest.raises(UsageError, match="expected rising numbers"):
        prefix_credit([], [], (1.0, 0.5))


@given(triples, triples)
def test_credit_is_a_share(chosen: list[tuple[str, ...]], right: list[tuple[str, ...]]) -> None:
    assert 0 <= prefix_credit(chosen, right) <= 1
    assert prefix_credit(right, right) == 1.0

"""ToolRL's reward for tool calls (arXiv 2504.13958)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.rewards.verify.tool_calls import (
    Detail,
    Length,
    Scale,
    Switches,
    correctness,
    correctness_scale,
    facts,
    format_scale,
    length_reward,
    match,
    read_calls,
    reward,
    similarity,
    well_formed,
)

WEATHER = {"name": "weather", "parameters": {"city": "Oslo", "days": 3}}
TIME = {"name": "time", "parameters": {"zone": "CET"}}


def said(*calls: Any, thought: str = "so", response: str | None = None) -> str:
    parts = [f"<think>{thought}</think>"]
    if calls:
        lines = "\n".join(json.dumps(call) for call in calls)
        parts.append(f"<tool_call>\n{lines}\n</tool_call>")
    if response is not None:
        parts.append(f"<response>{response}</response>")
    return "\n".join(parts)


names = st.sampled_from(["a", "b", "c"])
calls = st.lists(
    st.fixed_dictionaries(
        {
            "name": names,
            "parameters": st.dictionaries(names, st.integers(0, 2), max_size=3),
        }
    ),
    min_size=1,
    max_size=4,
)


def test_equal_calls_earn_the_most() -> None:
    found = facts(said(WEATHER, TIME), said(WEATHER, TIME))

    assert found.exact
    assert (correctness(found), reward(found)) == (3.0, 4.0)


def test_a_partly_right_call_by_hand() -> None:
    # Names: {weather} against {weather, time}: 1/2. Parameters: {city, day} and {city, days}
    # share one of three: 1/3, and the city is right: 1. Nothing for the time.
    given_call = {"name": "weather", "parameters": {"city": "Oslo", "day": 3}}

    found = match([WEATHER, TIME], [given_call])

    assert found.most == 1 + (1 + 2) + (1 + 1)
    assert found.score == pytest.approx(1 / 2 + 1 / 3 + 1)
    share = (1 / 2 + 1 / 3 + 1) / 6
    assert correctness(facts(said(given_call), said(WEATHER, TIME))) == pytest.approx(6 * share - 3)


def test_each_given_call_meets_one_reference_call_at_most() -> None:
    other = {"name": "weather", "parameters": {"city": "Rome", "days": 1}}

    twice = match([WEATHER, other], [WEATHER])

    assert twice.score == pytest.approx(1 / 2 + 3)  # names 1/2, then the first call whole


def test_the_order_of_right_calls_costs_only_the_exactness() -> None:
    found = match([WEATHER, TIME], [TIME, WEATHER])

    assert not found.exact
    assert found.share == 1.0


def test_calls_without_parameters_have_equal_ones() -> None:
    bare, other = {"name": "now", "parameters": {}}, {"name": "now", "parameters": {"x": 1}}

    assert match([bare, bare], [bare]).score == pytest.approx(0.5 + 1)
    assert match([bare], [other]).score == 1.0


@pytest.mark.parametrize(
    "answer",
    [
        "no call",
        "<tool_call>\nnot json\n</tool_call>",
        "<tool_call>\n{}\n</tool_call>",
        "<tool_call>\n[1]\n</tool_call>",
        '<tool_call>\n{"name": ["x"], "parameters": {}}\n</tool_call>',
        '<tool_call>\n{"name": "x", "parameters": [1]}\n</tool_call>',
        "<tool_call>\n\n</tool_call>",
        "<tool_call>\n" + "[" * 100_000 + "\n</tool_call>",
        '<tool_call>\n{"name": "x", "parameters": {"n": ' + "9" * 5000 + "}}\n</tool_call>",
    ],
)
def test_calls_that_cannot_be_read_earn_the_least(answer: str) -> None:
    found = facts(answer, said(WEATHER))

    assert not found.parsed
    assert correctness(found) == -3.0


def test_where_no_call_is_asked_for_correctness_is_nothing() -> None:
    reference = said(response="Hello.")

    for answer in (said(response="Hi."), said(WEATHER), "nonsense"):
        assert correctness(facts(answer, reference)) == 0.0
    assert facts(said(response="Hi."), reference).exact
    assert not facts(said(WEATHER), reference).exact
    assert reward(facts(said(response="Hi."), reference)) == 1.0


def test_a_reference_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match="has no calls that can be read"):
        facts("x", "<tool_call>\nweather(Oslo)\n</tool_call>")


@pytest.mark.parametrize(
    ("text", "calls", "response", "right"),
    [
        (said(WEATHER), True, False, True),
        (said(WEATHER) + "\n", True, False, True),  # as Python's dollar has it
        (said(WEATHER) + " and more", True, False, False),
        ("first " + said(WEATHER), True, False, False),
        (said(WEATHER, response="x"), True, True, True),
        (said(WEATHER, response="x"), False, True, False),
        (said(WEATHER) + "\n" + said(WEATHER), True, False, False),
        (said(response="x"), False, True, True),
        (said(response="x") + "<response>", False, True, False),
        (said(), False, False, True),
        ("", False, False, False),
    ],
)
def test_format_is_the_asked_for_parts_in_order(
    text: str, calls: bool, response: bool, right: bool
) -> None:
    assert well_formed(text, calls=calls, response=response) is right


def test_coarse_is_all_or_nothing_and_intermediate_counts_whole_calls() -> None:
    wrong = {"name": "time", "parameters": {"zone": "UTC"}}

    coarse = match([WEATHER, TIME], [WEATHER, wrong], detail=Detail.COARSE)
    whole = match([WEATHER, TIME], [WEATHER, wrong], detail=Detail.INTERMEDIATE)

    assert coarse.share == 0.0
    assert match([TIME], [TIME], detail=Detail.COARSE).share == 1.0
    assert (whole.score, whole.most) == (1 + 1, 1 + 2)


def test_strict_names_must_be_equal_in_order() -> None:
    assert similarity(["a", "b"], ["b", "a"]) == 1.0
    assert similarity(["a", "b"], ["b", "a"], strict=True) == 0.0
    swapped = {"name": "weather", "parameters": {"days": 3, "city": "Oslo"}}
    assert match([WEATHER, TIME], [swapped], strict=True).score == 2.0  # the two values alone


def test_the_ranges_of_every_switch_at_its_steps() -> None:
    two, line = Switches(two_stage=True), Switches(schedule=True)

    assert correctness_scale(Switches(equal_max=True), 0) == Scale(-1.0, 1.0)
    assert [correctness_scale(two, step).high for step in (0, 29, 30)] == [1.0, 1.0, 3.0]
    assert [format_scale(two, step).high for step in (29, 30)] == [1.0, 0.5]
    assert [correctness_scale(line, step).high for step in (0, 75, 150, 300)] == [2, 2.5, 3, 3]
    assert [correctness_scale(line, step).low for step in (0, 75, 150, 300)] == [-2, -2.5, -3, -3]
    assert [format_scale(line, step).high for step in (0, 75, 150, 300)] == [2, 1.5, 1, 1]
    assert [format_scale(line, step).low for step in (0, 75, 150)] == [-2, -1, -1]


def test_a_long_thought_earns_up_to_one() -> None:
    assert length_reward(256, Length.FIXED) == 0.5
    assert length_reward(9999, Length.FIXED) == 1.0
    assert length_reward(384, Length.SCHEDULED, step=0) == 1.0
    assert length_reward(320, Length.SCHEDULED, step=105) == 0.5
    assert length_reward(None, Length.FIXED) == length_reward(99, Length.OFF) == 0.0
    long = facts(said(TIME, thought="word " * 128), said(TIME))
    assert reward(long, Switches(length=Length.FIXED)) == 4.25


@given(calls, calls, st.sampled_from(Detail), st.booleans())
def test_a_match_is_a_share(
    wanted: list[Any], given_calls: list[Any], detail: Detail, strict: bool
) -> None:
    found = match(wanted, given_calls, detail=detail, strict=strict)

    assert 0 <= found.share <= 1
    assert match(wanted, wanted, detail=detail, strict=strict).share == 1.0


@given(st.text(), st.integers(0, 400), st.booleans(), st.booleans(), st.booleans())
def test_a_reward_keeps_within_its_range(
    text: str, step: int, equal: bool, two: bool, line: bool
) -> None:
    switches = Switches(equal_max=equal, two_stage=two, schedule=line, length=Length.FIXED)

    assert -5 <= reward(facts(text, said(WEATHER)), switches, step) <= 6


@given(st.lists(names, max_size=6), st.lists(names, max_size=6))
def test_similarity_is_symmetric_and_bounded(one: list[str], other: list[str]) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == similarity(other, one)


def test_calls_are_read_from_the_first_block() -> None:
    text = said(WEATHER) + "\n" + said(TIME)

    assert read_calls(text) == (WEATHER,)

"""Plain answers, action tags and fenced blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.agents.parsers.base import Parser, without_thoughts
from agentrl.agents.parsers.table import PARSERS
from agentrl.agents.parsers.text import ACTION_TAG, FENCED, PLAIN, RAW

PIECES = [
    "<action>", "</action>", "<think>", "</think>", "<tool_call>", "</tool_call>", "```", "````\n",
    "```json\n", "\n", "{", "}", "[", '"', '{"name": "act"', '"arguments": ', "null", "\x00",
    "\ud800", "go north", "<|im_end|>", "9" * 5000,
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join)
ACTION = st.text(st.characters(codec="utf-8", exclude_characters="`<>\r\n"), min_size=1).filter(
    lambda text: text == text.strip()
)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS.keys())
@given(text=HOSTILE, cut=st.booleans())
def test_any_text_is_either_an_action_or_a_refusal(parser: Parser, text: str, cut: bool) -> None:
    parsed = parser.parse(text, cut=cut)
    assert (parsed.action is None) != (parsed.refusal is None)
    if parsed.action is not None:
        assert parsed.action.strip()
    else:
        assert parser.expected in str(parsed.refusal)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS.keys())
@given(action=ACTION)
def test_what_a_parser_writes_it_reads_back(parser: Parser, action: str) -> None:
    assert parser.parse(parser.write(action)).action == action


THOUGHTLESS = [parser for parser in PARSERS.values() if not parser.thoughts]


@pytest.mark.parametrize("parser", THOUGHTLESS, ids=lambda parser: parser.name)
def test_thoughts_hold_no_action(parser: Parser) -> None:
    thought = f"<think>{parser.write('jump')}</think>"
    assert parser.parse(thought + parser.write("stay")).action == "stay"
    assert "holds only thoughts" in str(parser.parse(thought).refusal)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS.keys())
def test_an_empty_answer_is_refused_as_empty(parser: Parser) -> None:
    assert str(parser.parse(" \n").refusal).startswith("Your answer is empty. ")


@pytest.mark.parametrize("text", ["<think>a</think>b", "<think>never clo", "x</think>y"])
@pytest.mark.parametrize("cut", [False, True])
def test_the_raw_parser_takes_thoughts_and_what_was_cut_off_as_they_are(
    text: str, cut: bool
) -> None:
    assert RAW.parse(text, cut=cut).action == text


@pytest.mark.parametrize("parser", THOUGHTLESS, ids=lambda parser: parser.name)
def test_an_answer_that_was_cut_before_its_action_ended_says_so(parser: Parser) -> None:
    half = parser.write("take the long way north")[:-8]
    refusal = str(parser.parse(half, cut=True).refusal)
    assert "cut off at the longest allowed length" in refusal


@pytest.mark.parametrize("parser", [ACTION_TAG, FENCED, PARSERS["tool_call"]])
def test_a_finished_action_before_one_that_was_cut_is_not_taken(parser: Parser) -> None:
    text = parser.write("list files") + "\nor rather\n" + parser.write("remove all of it")[:-14]
    assert parser.parse(text, cut=True).action is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a</think>b", "b"),
        ("opened by the prompt</think>b", "b"),
        ("b<think>never closed", "b"),
        ("<think>a</think>b<think>c</think>d", "bd"),
    ],
)
def test_thoughts_are_cut_out_wherever_they_stand(text: str, rest: str) -> None:
    assert without_thoughts(text) == rest


def test_plain_takes_the_whole_answer() -> None:
    assert PLAIN.parse(" 20 + 22 = 42\n#### 42\n").action == "20 + 22 = 42\n#### 42"


def test_the_last_complete_action_tag_wins() -> None:
    text = "Perhaps <action>go south</action>? No: <action> go north </action> <action>"
    assert ACTION_TAG.parse(text).action == "go north"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("go north", "Your answer has no <action> tag."),
        ("<action>go north", "Your <action> tag is not closed: </action> is missing."),
        ("go north</action>", "Your answer has </action> without <action> before it."),
        ("<action> </action>", "Your <action> tag is empty."),
    ],
)
def test_a_wrong_action_tag_is_named(text: str, problem: str) -> None:
    refusal = ACTION_TAG.parse(text).refusal
    assert refusal == f"{problem} {ACTION_TAG.expected}"


def test_the_last_fenced_block_wins_and_keeps_its_indentation() -> None:
    text = "First\n```bash\nls\n```\nthen\n```python\n  x = 1\n  y = 2\n\n```\ndone"
    assert FENCED.parse(text).action == "  x = 1\n  y = 2"


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    assert FENCED.parse("````\ncat <<E\n```\nE\n````").action == "cat <<E\n```\nE"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("go north", "Your answer has no fenced block."),
        ("```\ngo north", "Your fenced block is not closed: a last line of ``` is missing."),
        ("```\n \n```", "Your fenced block is empty."),
    ],
)
def test_a_wrong_fenced_block_is_named(text: str, problem: str) -> None:
    assert str(FENCED.parse(text).refusal).startswith(problem)

"""JSON tool calls."""

import pytest

from agentrl.agents.parsers.tool_call import TOOL_CALL

CALL = '{"name": "act", "arguments": {"action": "go north"}}'


@pytest.mark.parametrize(
    "text",
    [
        f"I go.\n<tool_call>\n{CALL}\n</tool_call>",
        CALL,
        f"```json\n{CALL}\n```",
        '{"name": "act", "parameters": {"action": " go north "}}',
        '{"type": "function", "function": {"name": "act", "arguments": '
        '"{\\"action\\": \\"go north\\"}"}}',
        f'{{"tool_calls": [{CALL}]}}',
        f"<tool_call>[{CALL}]</tool_call>",
    ],
)
def test_a_call_is_read_from_tags_bare_json_and_openai_wrappings(text: str) -> None:
    assert TOOL_CALL.parse(text).action == "go north"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("go north", "Your answer has no tool call."),
        (f"<tool_call>{CALL}", "Your <tool_call> tag is not closed: </tool_call> is missing."),
        (f"<tool_call>{CALL}</tool_call>" * 2, "Your answer has 2 tool calls, and one a turn"),
        (f'{{"tool_calls": [{CALL}, {CALL}]}}', "Your answer has 2 tool calls, and one a turn"),
        (f"{CALL}\n{CALL}", "The call is not valid JSON: Extra data at line 2, column 1, near"),
        ('{"name": "act",}', "The call is not valid JSON: "),
        ("<tool_call>{</tool_call>", "The call is not valid JSON: "),
        ("<tool_call>7</tool_call>", "The call is a number, expected a JSON object."),
        ("<tool_call>" + "[" * 100_000 + "</tool_call>", "The call is not JSON that can be read."),
        ('{"n": ' + "9" * 5000 + "}", "The call is not JSON that can be read."),
        ('{"arguments": {"action": "go"}}', 'The call has no "name".'),
        ('{"name": 7, "arguments": {"action": "go"}}', 'The call has a wrong "name".'),
        ('{"name": "acts"}', "There is no tool 'acts' (did you mean act?); the only tool is 'act'"),
        ('{"name": "act"}', 'The call has no "arguments".'),
        ('{"name": "act", "arguments": null}', 'The call\'s "arguments" is null, expected'),
        ('{"name": "act", "arguments": "go"}', 'The text in "arguments" is not valid JSON: '),
        (
            '{"name": "act", "arguments": {"command": "go"}}',
            "The argument \"action\" is missing; given: 'command'.",
        ),
        ('{"name": "act", "arguments": {}}', 'The argument "action" is missing; given: none.'),
        ('{"name": "act", "arguments": {"action": true}}', 'The argument "action" is a truth'),
        ('{"name": "act", "arguments": {"action": " "}}', 'The argument "action" is empty.'),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong_and_what_is_right(text: str, problem: str) -> None:
    refusal = str(TOOL_CALL.parse(text).refusal)
    assert refusal.startswith(problem)
    assert refusal.endswith(TOOL_CALL.expected)


def test_a_refusal_stays_short_whatever_the_answer_was() -> None:
    refusal = TOOL_CALL.parse('{"name": "' + "x" * 10_000 + '"}').refusal
    assert len(str(refusal)) < 400

"""Actions as a JSON tool call: ``act(action: str)``."""

import json
from typing import Any

from agentrl.agents.parsers.base import NoAction, Parser, quoted, tagged
from agentrl.errors import nearest

_TOOL, _ARGUMENT = "act", "action"
_EXAMPLE = '<tool_call>{"name": "act", "arguments": {"action": "your action"}}</tool_call>'


def _find(answer: str, cut: bool) -> str:
    call = _unwrapped(_decoded(_body(answer, cut), "The call"))
    name = call.get("name")
    if not isinstance(name, str):
        raise NoAction(f'The call has {"no" if name is None else "a wrong"} "name".')
    if name != _TOOL:
        raise NoAction(
            f"There is no tool {quoted(name)}{nearest(name, [_TOOL])}; the only tool is {_TOOL!r}."
        )
    return _action(_arguments(call))


def _body(answer: str, cut: bool) -> str:
    """Return the text of the one call: between the tags, or from the first brace to the last."""
    calls, left_open = tagged(answer, "tool_call")
    if left_open and (cut or not calls):
        raise NoAction("Your <tool_call> tag is not closed: </tool_call> is missing.")
    if len(calls) > 1:
        raise NoAction(f"Your answer has {len(calls)} tool calls, and one a turn is carried out.")
    if calls:
        return calls[0]
    start = answer.find("{")
    if start < 0:
        raise NoAction("Your answer has no tool call.")
    return answer[start : max(answer.rfind("}") + 1, start + 1)]


def _decoded(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{error.msg} at line {error.lineno}, column {error.colno}"
        near = text[error.pos : error.pos + 20]
        raise NoAction(
            f"{what} is not valid JSON: {where}{f', near {quoted(near)}' if near else ''}."
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; endless nesting
        raise NoAction(f"{what} is not JSON that can be read.") from None


def _unwrapped(value: Any) -> dict[str, Any]:
    """Return the object with the name and the arguments, also from OpenAI's wrappings."""
    if isinstance(value, dict) and "tool_calls" in value:
        value = value["tool_calls"]
    if isinstance(value, list):
        if len(value) != 1:
            raise NoAction(
                f"Your answer has {len(value)} tool calls, and one a turn is carried out."
            )
        value = value[0]
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict):
        raise NoAction(f"The call is {_kind(value)}, expected a JSON object.")
    return value


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    key = "parameters" if "parameters" in call and "arguments" not in call else "arguments"
    if key not in call:
        raise NoAction('The call has no "arguments".')
    arguments = call[key]
    if isinstance(arguments, str):
        arguments = _decoded(arguments, f'The text in "{key}"')
    if not isinstance(arguments, dict):
        raise NoAction(f'The call\'s "{key}" is {_kind(arguments)}, expected a JSON object.')
    return arguments


def _action(arguments: dict[str, Any]) -> str:
    if _ARGUMENT not in arguments:
        given = ", ".join(quoted(key) for key in list(arguments)[:5]) or "none"
        raise NoAction(f'The argument "{_ARGUMENT}" is missing; given: {given}.')
    action = arguments[_ARGUMENT]
    if not isinstance(action, str):
        raise NoAction(f'The argument "{_ARGUMENT}" is {_kind(action)}, expected a text.')
    if not action.strip():
        raise NoAction(f'The argument "{_ARGUMENT}" is empty.')
    return action.strip()


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _write(action: str) -> str:
    call = {"name": _TOOL, "arguments": {_ARGUMENT: action}}
    return f"<tool_call>{json.dumps(call, ensure_ascii=False)}</tool_call>"


TOOL_CALL = Parser(
    name="tool_call",
    instructions="You have one tool, act(action: str). You may think first. End your answer with "
    f"one call of it in this form:\n{_EXAMPLE}",
    expected=f"End your answer with one tool call in this form: {_EXAMPLE}",
    find=_find,
    write=_write,
    close="</tool_call>",
)
"""One call of ``act``, in ``<tool_call>`` tags or as bare JSON."""

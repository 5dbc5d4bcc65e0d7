"""Values in a text that a model wrote: found where they stand and read, never run."""

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

_DEEPEST = 8
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'(?:[^'\\]|\\.)*'"
    r"|[\[\](){}\"']",
    re.DOTALL,
)
_CLOSES = {"[": "]", "(": ")", "{": "}"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why no value could be read."""

    why: str


def extent(text: str, start: int) -> int | Unreadable:
    """Return where the bracketed value that begins at ``start`` ends.

    Brackets inside of quoted texts do not count. One pass over the text.
    """
    open_brackets: list[str] = []
    for token in _TOKEN.finditer(text, start):
        mark = token[0]
        if mark in _CLOSES:
            open_brackets.append(_CLOSES[mark])
            if len(open_brackets) > _DEEPEST:
                return Unreadable(f"it is nested deeper than {_DEEPEST} levels")
        elif mark in "\"'":
            return Unreadable("a quoted text in it never ends")
        elif mark in "])}":
            if open_brackets.pop() != mark:
                return Unreadable(f"a bracket in it is closed by {mark}, which does not match")
            if not open_brackets:
                return token.end()
    return Unreadable("its last bracket is missing")


def literal(text: str) -> Any | Unreadable:
    """Return the value that a JSON or Python literal stands for; nothing is run.

    >>> literal("[1, 'two', [True]]")
    [1, 'two', [True]]
    >>> literal('[true, null]')
    [True, None]
    >>> literal("[x for x in range(3)]")
    Unreadable(why='it is no plain value')
    """
    try:  # first, for only JSON joins the two halves of a "\ud83d\ude00"
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return Unreadable("it is no plain value")

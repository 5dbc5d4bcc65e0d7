"""What the tools say, and how they refuse."""

import os
import sys


class RefusedError(Exception):
    """The tool cannot do what it was asked; the text says why, and what to do instead."""


class BadUsageError(Exception):
    """The arguments make no sense; the text says why, and the tool's usage follows."""


def say(text: str) -> None:
    """Print lines, whatever characters they hold."""
    sys.stdout.buffer.write((text + "\n").encode("utf-8", "surrogateescape"))


def as_text(argument: str) -> str:
    """Return an argument as the UTF-8 text it is, also where the locale knows no UTF-8."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def whole_number(argument: str, what: str) -> int:
    """Return the number that an argument is.

    Raises:
        BadUsageError: it is none.
    """
    if not argument.isdigit():
        raise BadUsageError(f"{what} is {argument!r}, expected a whole number")
    return int(argument)


def read_stdin() -> str:
    """Return what stands on standard input; nothing where it is a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")

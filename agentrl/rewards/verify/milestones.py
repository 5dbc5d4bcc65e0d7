"""Milestones in a log: ordered, named patterns, and which of them were reached.

The patterns are the suite's, the log is whatever a program printed. Each pattern is tried on one
line at a time, and of long lines and long logs only a part is looked at, so that a hostile log
cannot make a sound pattern slow. A pattern with a repetition inside a repetition is refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentrl.errors import UsageError

MOST_CHARS = 256 * 1024
"""Of a longer log the beginning and the end are read, half each."""
MOST_LINE = 500
"""Of a longer line the beginning is read."""

_NESTED = re.compile(r"(?:[*+]|\{\d*,\d*\})\??\)(?:[*+]|\{\d*,\d*\})")


@dataclass(frozen=True, slots=True)
class Milestones:
    """Named patterns in the order in which a good program reaches them."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    in_order: bool = False
    """Whether one counts only in a line at or behind that of the one before, which must be
    reached too."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.patterns)

    def reached(self, log: str) -> dict[str, int]:
        """Return the milestones that a log shows, each with the line, from 0, of its first hit."""
        lines = _lines(log)
        found: dict[str, int] = {}
        start = 0
        for name, pattern in self.patterns:
            line = _first(pattern, lines, start)
            if line is not None:
                found[name] = line
                start = line if self.in_order else 0
            elif self.in_order:
                break
        return found

    def facts(self, log: str) -> dict[str, float]:
        """Return 1 for each milestone that a log shows, and 0 for each other."""
        reached = self.reached(log)
        return {name: float(name in reached) for name in self.names}


def read_milestones(patterns: Mapping[str, str], *, in_order: bool = False) -> Milestones:
    """Return milestones from names and regular expressions.

    Raises:
        UsageError: a pattern is none, repeats a repetition, or is met by an empty line.
    """
    return Milestones(
        tuple((name, _compiled(name, pattern)) for name, pattern in patterns.items()), in_order
    )


def _compiled(name: str, pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as exc:
        raise UsageError(f"the milestone {name!r} is no regular expression: {exc}") from None
    if _NESTED.search(pattern):
        raise UsageError(
            f"the milestone {name!r} repeats a repetition, as in (a+)+, which some logs make "
            f"endlessly slow: write {pattern!r} without"
        )
    if compiled.search(""):
        raise UsageError(
            f"the milestone {name!r} is met by an empty line: {pattern!r} matches everything"
        )
    return compiled


def _lines(log: str) -> Sequence[str]:
    if len(log) > MOST_CHARS:
        half = MOST_CHARS // 2
        log = f"{log[:half]}\n{log[-half:]}"
    return [line[:MOST_LINE] for line in log.splitlines()]


def _first(pattern: re.Pattern[str], lines: Sequence[str], start: int) -> int | None:
    for number in range(start, len(lines)):
        if pattern.search(lines[number]):
            return number
    return None

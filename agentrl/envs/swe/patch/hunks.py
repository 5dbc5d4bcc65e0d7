"""Hunks of a patch, read from their counts or, where those are wrong, from their lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.errors import UsageError


class PatchError(UsageError):
    """A text is no patch, or a patch that must not be applied."""


HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)")

_MARKS = " +-"
_NO_NEWLINE = "\\ "
_CONTEXT_LOST = 3  # most lines of blank context that stripping a text can have cost its end
_SIGNATURE = re.compile(r"\d+(\.\d+)+")


@dataclass(frozen=True, slots=True)
class Hunk:
    """A place in a file, and the lines there before and after."""

    old_start: int
    new_start: int
    lines: tuple[str, ...]
    """Each with its first character: space, plus, minus, or a backslash for a missing newline."""
    section: str = ""
    """What follows the line numbers."""

    @property
    def old_count(self) -> int:
        """How many lines there were."""
        return sum(line[:1] in (" ", "-") for line in self.lines)

    @property
    def new_count(self) -> int:
        """How many lines there are afterwards."""
        return sum(line[:1] in (" ", "+") for line in self.lines)

    @property
    def text(self) -> str:
        """The hunk as git writes it."""
        old, new = _range(self.old_start, self.old_count), _range(self.new_start, self.new_count)
        return "\n".join([f"@@ -{old} +{new} @@{self.section}", *self.lines, ""])


def read_hunk(lines: Sequence[str], at: int) -> tuple[Hunk, int]:
    """Read the hunk whose ``@@`` line is at ``at``; return it and where the next line is.

    Raises:
        PatchError: it holds no change.
    """
    header = HUNK.match(lines[at])
    if header is None:
        raise PatchError(f"line {at + 1}: expected @@ -LINE,COUNT +LINE,COUNT @@")
    old_start, old, new_start, new, section = header.groups()
    body, end = _counted(lines, at + 1, int(old or 1), int(new or 1))
    if body is None or _goes_on(lines, end):
        body, end = _uncounted(lines, at + 1)
    if not any(line[0] in "+-" for line in body):
        raise PatchError(f"line {at + 1}: a hunk that changes nothing")
    return Hunk(int(old_start), int(new_start), tuple(body), section), end


def begins_file(lines: Sequence[str], at: int) -> bool:
    """Return whether the header of a file's patch begins at this line."""
    if lines[at].startswith("diff --git "):
        return True
    return (
        lines[at].startswith("--- ")
        and at + 2 < len(lines)
        and lines[at + 1].startswith("+++ ")
        and HUNK.match(lines[at + 2]) is not None
    )


def _counted(lines: Sequence[str], at: int, old: int, new: int) -> tuple[list[str] | None, int]:
    """Take as many lines as the hunk's header says; None where it says something else."""
    body: list[str] = []
    while (old > 0 or new > 0) and at < len(lines):
        line = lines[at] or " "
        if line[0] not in _MARKS and not line.startswith(_NO_NEWLINE):
            return None, at
        old -= line[0] in " -"
        new -= line[0] in " +"
        body.append(line)
        at += 1
    if at < len(lines) and lines[at].startswith(_NO_NEWLINE):
        body.append(lines[at])
        at += 1
    if 0 < old == new <= _CONTEXT_LOST:
        return body + [" "] * old, at
    return (body if old == new == 0 else None), at


def _uncounted(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """Take all lines that can belong to the hunk."""
    end = at
    while end < len(lines) and _can_belong(lines, end):
        end += 1
    body = list(lines[at:end])
    while body and not body[-1]:
        body.pop()
    return [line or " " for line in body], end


def _goes_on(lines: Sequence[str], at: int) -> bool:
    """Return whether changed lines follow where the counts say that the hunk is over."""
    while at < len(lines) and lines[at] and _can_belong(lines, at):
        if lines[at][0] in "+-":
            return True
        at += 1
    return False


def _can_belong(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    if line and line[0] not in _MARKS and not line.startswith(_NO_NEWLINE):
        return False
    return not (begins_file(lines, at) or _is_signature(lines, at))


def _is_signature(lines: Sequence[str], at: int) -> bool:
    """Return whether this is the end of a mail that ``git format-patch`` made."""
    return (
        lines[at] in ("-- ", "--")
        and at + 1 < len(lines)
        and _SIGNATURE.match(lines[at + 1]) is not None
    )


def _range(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"

"""Looking at files: what an agent does with ``view``."""

import re
from collections.abc import Iterator
from pathlib import Path

from agentrl.envs.swe.tools.output import BadUsageError, RefusedError, say, whole_number
from agentrl.envs.swe.tools.texts import numbered, read_text, split_lines

USAGE = """\
view FILE                 show a file with line numbers
view FILE FIRST [LAST]    show lines FIRST to LAST (also FIRST-LAST)
view [FOLDER]             list a folder, two levels deep

At most 250 lines are shown at a time.
"""
"""What the agent is told about it."""

_MOST_LINES = 250
_MOST_ENTRIES = 250


def run(arguments: "list[str]") -> None:
    """Show what the arguments name."""
    if len(arguments) > 3:
        raise BadUsageError(f"one file at a time, got {len(arguments)} arguments")
    shown = arguments[0] if arguments else "."
    path = Path(shown)
    if path.is_dir():
        if arguments[1:]:
            raise BadUsageError(f"{shown} is a folder, which has no lines")
        say(_listing(path, shown))
        return
    lines = split_lines(read_text(path, shown))
    first, last = _range(arguments[1:], len(lines), shown)
    say(_page(lines, first, last, shown))


def _range(arguments: "list[str]", count: int, shown: str) -> "tuple[int, int | None]":
    """Return the first line and the last; None: as far as it goes."""
    parts = [part for argument in arguments for part in re.split(r"[-,:]", argument) if part]
    if len(parts) > 2:
        raise BadUsageError("a range is FIRST LAST, got {!r}".format(" ".join(arguments)))
    numbers = [whole_number(part, "a line") for part in parts]
    first = max(1, numbers[0]) if numbers else 1
    last = numbers[1] if len(numbers) == 2 else None
    if count and first > count:
        raise RefusedError(f"{shown} has {count} lines, none at {first}")
    if last is not None and last < first:
        raise BadUsageError(f"the range ends at {last}, before it begins at {first}")
    return first, last


def _page(lines: "list[str]", first: int, last: "int | None", shown: str) -> str:
    if not lines:
        return f"[{shown} is empty]"
    wanted = len(lines) if last is None else min(last, len(lines))
    end = min(wanted, first + _MOST_LINES - 1)
    page = f"[{shown}, lines {first}-{end} of {len(lines)}]\n"
    page += numbered(lines, first, end)
    if end < wanted:
        until = min(wanted, end + _MOST_LINES)
        page += f"\n[{wanted - end} more lines: view {shown} {end + 1} {until}]"
    return page


def _listing(folder: Path, shown: str) -> str:
    names = list(_entries(folder, 2))
    listed = names[:_MOST_ENTRIES]
    if len(names) > len(listed):
        listed.append(f"[{len(names) - len(listed)} more entries: view a folder below]")
    return "\n".join([f"[{shown}]", *listed] if names else [f"[{shown} is empty]"])


def _entries(folder: Path, depth: int, indent: str = "") -> "Iterator[str]":
    try:
        found = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except PermissionError:
        yield indent + "[not readable]"
        return
    for entry in found:
        if entry.name in (".git", "__pycache__"):
            continue
        within = entry.is_dir() and not entry.is_symlink()
        yield indent + entry.name + ("/" if within else "")
        if within and depth > 1 and not entry.name.startswith("."):
            yield from _entries(entry, depth - 1, indent + "  ")

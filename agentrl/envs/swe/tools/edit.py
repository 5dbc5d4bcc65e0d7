"""Changing files: what an agent does with ``edit``."""

from pathlib import Path

from agentrl.envs.swe.tools.blocks import Block, read_blocks
from agentrl.envs.swe.tools.matching import (
    apart,
    line_of,
    occurrences,
    replaced,
    whole_lines,
    with_line_end,
)
from agentrl.envs.swe.tools.near import nearest_lines
from agentrl.envs.swe.tools.output import (
    BadUsageError,
    RefusedError,
    as_text,
    read_stdin,
    say,
    whole_number,
)
from agentrl.envs.swe.tools.paths import writable
from agentrl.envs.swe.tools.syntax import warn_of_syntax
from agentrl.envs.swe.tools.texts import line_end, numbered, read_text, split_lines, write_text

USAGE = """\
edit replace FILE <<'EOF'     replace lines that stand in FILE exactly once
<<<<<<< SEARCH
the lines as they are, with their indentation
=======
the lines as they shall be
>>>>>>> REPLACE
EOF
edit replace FILE OLD NEW     the same for two arguments; OLD may be part of a line
edit insert FILE LINE <<'EOF' insert the input after line LINE; 0: at the beginning
edit create FILE <<'EOF'      make a new file that holds the input

Several blocks may follow each other; either all are applied or none. --all behind 'replace' takes
every occurrence, --overwrite behind 'create' replaces a file. Write 'EOF' in quotes: without them
the shell changes $, ` and \\ in the text. insert and create also take the text as last argument.
"""
"""What the agent is told about it."""

_AROUND = 3
_MOST_SHOWN = 60


def run(arguments: "list[str]") -> None:
    """Change one file."""
    actions = {"replace": _replace, "insert": _insert, "create": _create}
    if not arguments or arguments[0] not in actions:
        given = repr(arguments[0]) if arguments else "nothing"
        raise BadUsageError(f"the first word is 'replace', 'insert' or 'create', got {given}")
    actions[arguments[0]](arguments[1:])


def _replace(arguments: "list[str]") -> None:
    every, rest = _flag("--all", arguments)
    if len(rest) not in (1, 3):
        raise BadUsageError(
            f"'replace' takes FILE and blocks on standard input, or FILE OLD NEW, "
            f"got {len(rest)} arguments"
        )
    shown, path = rest[0], writable(rest[0])
    before = text = read_text(path, shown)
    blocks = [Block(as_text(rest[1]), as_text(rest[2]))] if rest[1:] else read_blocks(read_stdin())
    first = len(text)
    for block in blocks:
        text, at = _apply(text, block, every, not rest[1:], shown)
        first = min(first, at)
    _write(path, shown, before, text, first)


def _apply(text: str, block: Block, every: bool, lines: bool, shown: str) -> "tuple[str, int]":
    """Return the text with a block applied, and where its first change stands."""
    if not block.old:
        raise RefusedError("there is nothing to search for; 'edit insert' adds lines")
    if block.old == block.new:
        raise RefusedError("old and new are the same; nothing would change")
    found = occurrences(text, block.old)
    # A block means whole lines where it can; a part of a line is taken where nothing else fits.
    spans = (lines and whole_lines(text, found)) or found
    if not spans:
        near = nearest_lines(text, block.old)
        raise RefusedError(
            f"{shown} does not hold this text; nothing was changed:\n{_quoted(block.old)}{near}"
        )
    if len(spans) > 1 and not every:
        raise RefusedError(_ambiguous(text, spans, shown))
    spans = apart(spans)
    if lines and not block.new and spans == whole_lines(text, spans):
        spans = [with_line_end(text, span) for span in spans]
    return replaced(text, spans, block.new), spans[0][0]


def _ambiguous(text: str, spans: "list[tuple[int, int]]", shown: str) -> str:
    places = [str(line_of(text, start)) for start, _ in spans]
    where = ", ".join(places[:10]) + (", ..." if len(places) > 10 else "")
    return (
        f"the text stands in {shown} {len(spans)} times, at lines {where}; nothing was changed. "
        f"Add lines around it until it is the only one, or use --all"
    )


def _insert(arguments: "list[str]") -> None:
    if len(arguments) not in (2, 3):
        raise BadUsageError("'insert' takes FILE LINE and the text on standard input")
    shown, path = arguments[0], writable(arguments[0])
    line = whole_number(arguments[1], "LINE")
    text = read_text(path, shown)
    count = len(split_lines(text))
    if line > count:
        raise RefusedError(f"{shown} has {count} lines; there is no line {line}")
    added = as_text(arguments[2]) if arguments[2:] else read_stdin()
    if not added:
        raise BadUsageError("there is no text to insert")
    _write(path, shown, text, *_with_lines(text, line, added))


def _with_lines(text: str, line: int, added: str) -> "tuple[str, int]":
    """Return the text with lines added behind a line, and where they begin."""
    ending = line_end(text)
    added = added.replace("\r\n", "\n")
    added = added[:-1] if added.endswith("\n") else added
    added = added.replace("\n", ending)
    at = 0
    for _ in range(line):
        found = text.find("\n", at)
        if found < 0:  # the last line has no end, and the new last line gets none either
            return text + ending + added, len(text) + len(ending)
        at = found + 1
    return text[:at] + added + ending + text[at:], at


def _create(arguments: "list[str]") -> None:
    overwrite, rest = _flag("--overwrite", arguments)
    if len(rest) not in (1, 2):
        raise BadUsageError("'create' takes FILE and the text on standard input")
    shown, path = rest[0], writable(rest[0])
    if path.is_dir():
        raise RefusedError(f"{shown} is a folder")
    if path.exists() and not overwrite:
        raise RefusedError(
            f"{shown} is there already; 'edit replace' changes it, 'edit create --overwrite' "
            f"replaces it"
        )
    text = as_text(rest[1]) if rest[1:] else read_stdin()
    text += "" if text.endswith("\n") or not text else "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    say(f"{shown}: written, {len(split_lines(text))} lines")
    warn_of_syntax(path, "", text)


def _write(path: Path, shown: str, before: str, after: str, at: int) -> None:
    write_text(path, after)
    lines = split_lines(after)
    first = max(1, line_of(after, at) - _AROUND)
    last = len(lines) - _same_at_end(split_lines(before), lines) + _AROUND
    last = max(first, min(last, len(lines), first + _MOST_SHOWN))
    say(f"{shown}: changed; it now reads")
    say(numbered(lines, first, last) if lines else "[nothing: it is empty]")
    warn_of_syntax(path, before, after)


def _same_at_end(before: "list[str]", after: "list[str]") -> int:
    count = 0
    for old, new in zip(reversed(before), reversed(after)):  # noqa: B905 - Python 3.6 has no strict
        if old != new:
            break
        count += 1
    return count


def _flag(name: str, arguments: "list[str]") -> "tuple[bool, list[str]]":
    if arguments[:1] == [name]:
        return True, arguments[1:]
    return False, arguments[1:] if arguments[:1] == ["--"] else arguments


def _quoted(text: str) -> str:
    lines = split_lines(text)
    more = [f"  [... {len(lines) - 20} more lines]"] if len(lines) > 20 else []
    return "\n".join(["  | " + line for line in lines[:20]] + more)

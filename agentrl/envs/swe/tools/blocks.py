"""Search-and-replace blocks on standard input."""

import re

from agentrl.envs.swe.tools.output import BadUsageError

_OPEN = re.compile(r"(<{5,})\s*(SEARCH|OLD|ORIGINAL|HEAD)?\s*$")


class Block:
    """A piece of text, and what is to stand in its place."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new


def read_blocks(text: str) -> "list[Block]":
    """Return the blocks of a text, each between three lines of markers of one length.

    Raises:
        BadUsageError: there is none, or one is not complete.
    """
    lines = [line[:-1] if line.endswith("\r") else line for line in text.split("\n")]
    blocks = []  # type: list[Block]
    at = 0
    while at < len(lines):
        opened = _OPEN.match(lines[at])
        if opened:
            block, at = _read_block(lines, at, len(opened.group(1)))
            blocks.append(block)
        elif lines[at].strip():
            raise BadUsageError(
                f"line {at + 1} of the input, {lines[at][:60]!r}, stands outside of a block; "
                f"a block begins with a line <<<<<<< SEARCH"
            )
        at += 1
    if not blocks:
        raise BadUsageError("nothing on standard input: give OLD and NEW, or blocks as shown below")
    return blocks


def _read_block(lines: "list[str]", at: int, size: int) -> "tuple[Block, int]":
    """Return the block that begins at a line, and the number of its last line."""
    middles = []  # type: list[int]
    for number in range(at + 1, len(lines)):
        line = lines[number].rstrip()
        if line == "=" * size:
            middles.append(number)
        elif _closes(line, size):
            return _block(lines, at, middles, number, size), number
        elif _OPEN.match(line) and len(line.split()[0]) == size:
            break
    raise BadUsageError(
        "the block of line {} has no end: a line {} REPLACE".format(at + 1, ">" * size)
    )


def _closes(line: str, size: int) -> bool:
    marker, _, word = line.partition(" ")
    return marker == ">" * size and word.strip() in ("", "REPLACE", "NEW", "UPDATED")


def _block(lines: "list[str]", first: int, middles: "list[int]", last: int, size: int) -> Block:
    if not middles:
        raise BadUsageError(
            "the block of line {} has no line {} between old and new".format(first + 1, "=" * size)
        )
    if len(middles) > 1:
        raise BadUsageError(
            "the block of line {} has {} lines {}: make all three markers longer than any such "
            "line of the text, for instance {} SEARCH".format(
                first + 1, len(middles), "=" * size, "<" * (size + 2)
            )
        )
    old, new = lines[first + 1 : middles[0]], lines[middles[0] + 1 : last]
    return Block("\n".join(old), "\n".join(new))

"""What stands where a text was expected that is not there."""

import difflib

from agentrl.envs.swe.tools.texts import numbered, split_lines

_MOST_LINES = 20000


def nearest_lines(text: str, old: str) -> str:
    """Return a note on the lines that come closest to ``old``; empty where none does."""
    lines = split_lines(text)[:_MOST_LINES]
    wanted = split_lines(old)
    while wanted and not wanted[0].strip():
        del wanted[0]
    while wanted and not wanted[-1].strip():
        del wanted[-1]
    if not wanted:
        return ""
    at = _but_for_white_space(lines, wanted)
    if at is not None:
        return "\nIt stands there but for white space; these are the lines:\n" + _shown(
            lines, at, len(wanted)
        )
    at = _closest(lines, wanted)
    return "" if at is None else "\nThe closest lines:\n" + _shown(lines, at, len(wanted))


def _shown(lines: "list[str]", at: int, count: int) -> str:
    last = min(at + min(count, 30), len(lines))
    tabs = any("\t" in line for line in lines[at:last])
    return numbered(lines, at + 1, last) + ("\n(They hold tab characters.)" if tabs else "")


def _but_for_white_space(lines: "list[str]", wanted: "list[str]") -> "int | None":
    bare = ["".join(line.split()) for line in lines]
    sought = ["".join(line.split()) for line in wanted]
    for at in range(len(bare) - len(sought) + 1):
        if bare[at] == sought[0] and bare[at : at + len(sought)] == sought:
            return at
    return None


def _closest(lines: "list[str]", wanted: "list[str]") -> "int | None":
    best, place = 0.6, None  # type: tuple[float, int | None]
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted[0].strip()[:200])
    for at, line in enumerate(lines):
        matcher.set_seq1(line.strip()[:200])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            if ratio > best:
                best, place = ratio, at
    return place

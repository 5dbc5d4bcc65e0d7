"""Where a piece of text stands in a file, and the text with another in its place."""

from agentrl.envs.swe.tools.texts import line_end

Span = "tuple[int, int]"


def occurrences(text: str, old: str) -> "list[tuple[int, int]]":
    """Return where ``old`` stands, whichever line ends it and the text have."""
    plain = old.replace("\r\n", "\n")
    variants = {old, plain, plain.replace("\n", "\r\n")}
    spans = set()  # type: set[tuple[int, int]]
    for variant in variants:
        at = text.find(variant)
        while at >= 0:
            spans.add((at, at + len(variant)))
            at = text.find(variant, at + 1)
    return sorted(spans)


def whole_lines(text: str, spans: "list[tuple[int, int]]") -> "list[tuple[int, int]]":
    """Return those spans that begin and end where lines do."""
    return [(start, end) for start, end in spans if _starts(text, start) and _ends(text, end)]


def apart(spans: "list[tuple[int, int]]") -> "list[tuple[int, int]]":
    """Return the spans from the first on that do not overlap."""
    chosen = []  # type: list[tuple[int, int]]
    for start, end in spans:
        if not chosen or start >= chosen[-1][1]:
            chosen.append((start, end))
    return chosen


def replaced(text: str, spans: "list[tuple[int, int]]", new: str) -> str:
    """Return the text with ``new``, in the file's line ends, at each of the spans."""
    if line_end(text) == "\r\n":
        new = new.replace("\r\n", "\n").replace("\n", "\r\n")
    for start, end in reversed(spans):
        text = text[:start] + new + text[end:]
    return text


def with_line_end(text: str, span: "tuple[int, int]") -> "tuple[int, int]":
    """Return a span together with the line end behind it: lines that are taken out whole."""
    start, end = span
    for ending in ("\r\n", "\n"):
        if text.startswith(ending, end):
            return start, end + len(ending)
    return span


def line_of(text: str, at: int) -> int:
    """Return the number of the line, from 1, that a place stands in."""
    return text.count("\n", 0, at) + 1


def _starts(text: str, start: int) -> bool:
    return start == 0 or text[start - 1] == "\n"


def _ends(text: str, end: int) -> bool:
    return end == len(text) or text[end - 1 : end] == "\n" or text.startswith(("\n", "\r\n"), end)

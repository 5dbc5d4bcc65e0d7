"""Regular expressions that nobody vouches for.

Python's engine has no time limit, and some expressions take time that doubles with each character.
A model's pattern may therefore repeat only single characters and classes, and only once without
end, with few choices beside; on a text of limited length that ends soon.
"""

import re

MOST_SEARCHED = 2000
"""Characters of a text in which a model's pattern is searched."""

_LONGEST = 200
_REPEATED = re.compile(r"\.|\\[dws]|\w| |\[.+\]", re.ASCII | re.DOTALL)
_MOST_OPTIONAL = 2
_MOST_CHOICES = 4
_PIECE = re.compile(r"\\.|\(\?:|\[(?:\\.|[^\]\\])+\]|.", re.DOTALL)


def unsafe(pattern: str) -> str | None:
    """Return why a pattern may not be used; None: it may.

    >>> unsafe("you (?:take|get) the .*key"), unsafe("(a+)+b")
    (None, "'+' may only follow '.', a class such as '\\\\d', or a character")
    """
    if not pattern.strip() or len(pattern) > _LONGEST:
        return f"a pattern has 1 to {_LONGEST} characters"
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as exc:
        return f"{pattern!r} is no regular expression: {exc}"
    if compiled.search(""):
        return f"{pattern!r} is found in every text"
    return _repeats(_PIECE.findall(pattern))


def _repeats(pieces: list[str]) -> str | None:
    endless, optional, before = 0, 0, ""
    for piece in pieces:
        if piece == "?" and before in ("*", "+", "?"):  # lazy
            before = "lazy"
            continue
        if piece in ("*", "+", "?") and not _REPEATED.fullmatch(before):
            return f"{piece!r} may only follow '.', a class such as '\\d', or a character"
        if piece == "{" or re.fullmatch(r"\\[1-9]", piece):
            return "'{' and references to groups are not allowed"
        endless += piece in ("*", "+")
        optional += piece == "?"
        before = piece
    if endless > 1:
        return "at most one '*' or '+'"
    if optional > _MOST_OPTIONAL or pieces.count("|") > _MOST_CHOICES:
        return f"at most {_MOST_OPTIONAL} '?' and {_MOST_CHOICES} '|'"
    return None

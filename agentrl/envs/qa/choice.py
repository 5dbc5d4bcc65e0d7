"""Reading which of several choices an answer means."""

import re
import string
from collections.abc import Iterator, Sequence

from agentrl.envs.qa.extract import marked
from agentrl.envs.qa.squad import normalise

LETTERS = string.ascii_uppercase
"""Names of the choices, in order."""

_ALONE = re.compile(r"\W*([A-Za-z])\W*\Z")
_LEADING = re.compile(r"\s*\(?([A-Z])[).:](?=\s|\Z)")
_IN_BRACKETS = re.compile(r"\(([A-Z])\)")
_BARE = re.compile(r"([B-HJ-Z])\b|([AI])\b(?!\s+\w)")


def read_choice(text: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice that a text means, or None where that is not clear.

    The part marked as the answer is read first, then the whole text. Each is taken as the text of
    a choice, as a letter alone, as a letter such as ``(B)``, ``B.`` or ``B:`` at its beginning, as
    the last letter in brackets, or as a sentence in which exactly one choice occurs. A marked part
    may also begin with a bare letter, as in "the answer is B because".

    >>> read_choice("I think it is (B), since cats purr.", ["dog", "cat"])
    1
    """
    names = [normalise(choice) for choice in choices]
    part = marked(text)
    found = None if part is None else _read(part, names, is_marked=True)
    return _read(text, names, is_marked=False) if found is None else found


def _read(text: str, names: Sequence[str], *, is_marked: bool) -> int | None:
    if names.count(normalise(text)) == 1:
        return names.index(normalise(text))
    for letter in _letters(text, is_marked):
        if LETTERS.index(letter) < len(names):
            return LETTERS.index(letter)
    return _mentioned(text, names)


def _letters(text: str, is_marked: bool) -> Iterator[str]:
    """Yield the letters that may name the choice, the surest first."""
    for pattern in (_ALONE, _LEADING):
        if match := pattern.match(text):
            yield match[1].upper()
    yield from reversed(_IN_BRACKETS.findall(text))
    if is_marked and (bare := _BARE.match(text)):
        yield bare[1] or bare[2]


def _mentioned(text: str, names: Sequence[str]) -> int | None:
    words = f" {normalise(text)} "
    found = [index for index, name in enumerate(names) if name and f" {name} " in words]
    return found[0] if len(found) == 1 else None

"""What a program's run yields for one episode, read with suspicion."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_TERMS = 32
"""Terms that a program may state at a turn."""

LARGEST = 1e9
"""Largest amount of a term. Our choice: so that no sum of terms overflows."""

_NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scores:
    """The terms that a program states, turn by turn."""

    turns: tuple[Mapping[str, float], ...]

    @property
    def total(self) -> float:
        """The sum of all terms of all turns."""
        return math.fsum(value for terms in self.turns for value in terms.values())

    def term(self, name: str) -> float:
        """Return the sum of one term over the turns."""
        return math.fsum(terms.get(name, 0.0) for terms in self.turns)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a program has no scores for an episode; the program's own doing."""

    message: str


def read_scores(given: Any, episode_id: str, turns: int) -> Scores | Fault:
    """Return the scores that an answer of the sandbox holds for one episode, or what is wrong.

    Args:
        given: decoded JSON, of any shape: untrusted code may have written it.
        episode_id: named in faults.
        turns: how many mappings there must be.
    """
    if isinstance(given, dict) and isinstance(given.get("error"), str):
        return Fault(f"episode {episode_id}: {given['error'][:600]}")
    stated = given.get("turns") if isinstance(given, dict) else None
    if not isinstance(stated, list):
        return Fault(f"episode {episode_id}: the program's answer has no list of turns")
    if len(stated) != turns:
        return Fault(
            f"episode {episode_id}: reward returned {len(stated)} mappings for {turns} turns; "
            f"return exactly one for each turn"
        )
    read: list[Mapping[str, float]] = []
    for index, terms in enumerate(stated):
        one = _read_terms(terms, f"episode {episode_id}, turn {index}")
        if isinstance(one, Fault):
            return one
        read.append(one)
    return Scores(tuple(read))


def _read_terms(terms: Any, where: str) -> Mapping[str, float] | Fault:
    if not isinstance(terms, list) or len(terms) > MOST_TERMS:
        return Fault(f"{where}: no mapping of at most {MOST_TERMS} named terms")
    read: dict[str, float] = {}
    for pair in terms:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)):
            return Fault(f"{where}: no mapping of names to numbers")
        name, value = pair
        if not _NAME.fullmatch(name):
            return Fault(f"{where}: {name[:80]!r} is no name of a term; use letters, digits, '_'")
        if not isinstance(value, float):
            said = value[:80] if isinstance(value, str) else type(value).__name__
            return Fault(f"{where}: term {name!r} is {said}, expected a number")
        if not math.isfinite(value):
            return Fault(f"{where}: term {name!r} is {value}, expected a finite number")
        if abs(value) > LARGEST:
            return Fault(f"{where}: term {name!r} is {value}, expected at most {LARGEST:g}")
        read[name] = value
    return read

"""A task of one to three parts, each the work of somebody who can do it."""

import random
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from agentrl.errors import UsageError
from agentrl.orchestrator.skills.operations import (
    FIGURES,
    LISTS,
    OPERATIONS,
    SUBTRACT,
    UNARY,
    Numbers,
    apply,
    write_list,
)

ONE, CHAIN_2, CHAIN_3, FORK = "one", "chain2", "chain3", "fork"
SHAPES = (ONE, CHAIN_2, CHAIN_2, CHAIN_3, CHAIN_3, FORK)
"""Kinds of puzzles, as often as they stand here; our choice."""

Sequences = Literal["all", "common", "rare"]
"""Which sequences of parts puzzles have: any, those of four fifths, or those of the other fifth."""

_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Numbers, and what is to be done with them."""

    shape: str
    numbers: Numbers
    parts: tuple[str, ...]
    """Operations in the order in which they are done; of a fork the last joins the others."""

    @property
    def sees(self) -> tuple[tuple[int, ...], ...]:
        """What each part needs: the parts before it whose work it takes."""
        if self.shape == FORK:
            return ((), (), (0, 1))
        return tuple((index - 1,) if index else () for index in range(len(self.parts)))

    @property
    def question(self) -> str:
        """The puzzle in words."""
        if self.shape == FORK:
            text = f"{self.parts[0]}, {SUBTRACT} {self.parts[1]}"
        elif len(self.parts) > 1:
            text = ", then ".join(self.parts)
        else:
            text = self.parts[0]
        return f"Numbers: {write_list(self.numbers)}. Do {text}."

    @property
    def answer(self) -> Numbers | None:
        """What comes out; None: it cannot be done."""
        return done(self.parts, self.sees, self.numbers)


def make_puzzle(
    seed: int,
    shapes: Sequence[str] = SHAPES,
    sequences: Sequences = "all",
    words: Collection[str] = OPERATIONS,
) -> Puzzle:
    """Return the puzzle of a seed: one in which every part and who sees what matters.

    Args:
        seed: decides everything about it.
        shapes: the kinds of puzzles, as often as they stand here.
        sequences: which sequences of parts it may have. Single parts are common, because who has
            never met a word cannot know what it means, and so are forks, which are few.
        words: the operations that may be parts.
    """
    rng = random.Random(f"skills:{seed}")
    shape = rng.choice(shapes)
    for _ in range(_DRAWS):
        puzzle = Puzzle(shape, tuple(rng.sample(range(1, 10), 5)), _parts(shape, rng, words))
        if _matters(puzzle) and sequences in ("all", sequence_kind(puzzle.parts)):
            return puzzle
        if sequences == "rare" and shape in (ONE, FORK):
            shape = rng.choice(shapes)
    raise UsageError(f"no puzzle of the shapes {', '.join(shapes)} has {sequences} sequences")


def sequence_kind(parts: Sequence[str]) -> Literal["common", "rare"]:
    """Return whether a sequence of parts is one of the common four fifths or of the rare fifth.

    >>> sequence_kind(["sum"]), sequence_kind(["sort", "sum"]), sequence_kind(["odd", "large"])
    ('common', 'common', 'common')
    """
    chain = len(parts) > 1 and SUBTRACT not in parts
    return "rare" if chain and zlib.crc32(" ".join(parts).encode()) % 5 == 0 else "common"


def done(parts: Sequence[str], sees: Sequence[Sequence[int]], numbers: Numbers) -> Numbers | None:
    """Return what the last part comes to; None: one of them cannot be done."""
    results: list[Numbers] = []
    for part, seen in zip(parts, sees, strict=True):
        result = apply(part, [results[index] for index in seen] or [numbers])
        if not result:
            return None
        results.append(result)
    return results[-1]


def _parts(shape: str, rng: random.Random, words: Collection[str]) -> tuple[str, ...]:
    if shape == FORK:
        first, second = rng.sample(sorted({*FIGURES} & {*words}), 2)
        return first, second, SUBTRACT
    length = {ONE: 1, CHAIN_2: 2, CHAIN_3: 3}[shape]
    body = rng.sample(sorted({*LISTS} & {*words}), length - 1)
    return (*body, rng.choice(sorted({*UNARY} & {*words} - {*body})))


def _matters(puzzle: Puzzle) -> bool:
    """Whether no part can be left out, no two swapped, and nobody may see too much or too little.

    An order that comes to the same is as good, so a puzzle with one is none.
    """
    answer = puzzle.answer
    if answer is None or answer == puzzle.numbers:
        return False
    if puzzle.shape == FORK:
        # 0 is the same the other way round, and 1 is how many largest numbers there are.
        simpler = [figure(puzzle.numbers) for figure in FIGURES.values()]
        return answer not in [(0,), (1,), *simpler]
    parts, count = puzzle.parts, len(puzzle.parts)
    shorter = [parts[:index] + parts[index + 1 :] for index in range(count)] if count > 1 else []
    swapped = [
        (*parts[:index], parts[index + 1], parts[index], *parts[index + 2 :])
        for index in range(count - 1)
    ]
    others = [done(p, _chain(len(p)), puzzle.numbers) for p in [*shorter, *swapped]]
    everything = [tuple(range(index)) for index in range(count)]
    nothing: list[tuple[int, ...]] = [()] * count
    if count > 1:
        others.append(done(parts, nothing, puzzle.numbers))
    if count > 2:
        others.append(done(parts, everything, puzzle.numbers))
    return answer not in others


def _chain(length: int) -> list[tuple[int, ...]]:
    return [(index - 1,) if index else () for index in range(length)]

"""``Skills-v0``: questions about short lists of numbers that need several workers."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import gymnasium

from agentrl.envs.qa.env import QAEnv
from agentrl.errors import UsageError, nearest
from agentrl.orchestrator.skills.operations import FIGURES, LISTS, OPERATIONS, write_list
from agentrl.orchestrator.skills.puzzle import FORK, SHAPES, Sequences, make_puzzle
from agentrl.task import Task

ENV_ID = "Skills-v0"


class SkillsEnv(QAEnv):
    """Puzzles of one to three parts, made by seed; each names its parts and what they see.

    The inner environment of ``tasks/conductor/skills.yaml``; its id there is
    ``agentrl.orchestrator.skills.env:Skills-v0``.

    Args:
        shapes: kinds of puzzles, as often as they stand here: ``one``, ``chain2``, ``chain3`` and
            ``fork``; None: more of the long ones.
        sequences: which sequences of parts there are: ``all``, the ``common`` four fifths, or the
            ``rare`` others, to hold out what nobody trained on.
        words: the operations that may be parts, at least two of ``operations.FIGURES`` for a fork
            and two of ``operations.LISTS`` for a chain of three; None: all.
        options: those of ``QAEnv``.
    """

    def __init__(
        self,
        shapes: Sequence[str] | None = None,
        sequences: Sequences = "all",
        words: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        _known(shapes)
        _known_sequences(sequences)
        _known_words(words)

    @property
    def instructions(self) -> str:
        """Return nothing: what is asked is all that its workers need to know."""
        return ""

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return ``count`` puzzles, grouped by their shape."""
        shapes = _known(options.get("shapes"))
        sequences = _known_sequences(options.get("sequences", "all"))
        words = _known_words(options.get("words"))
        return [_task(number, shapes, sequences, words) for number in range(seed, seed + count)]


def _known(shapes: Sequence[str] | None) -> Sequence[str]:
    for shape in shapes or ():
        if shape not in SHAPES:
            kinds = ", ".join(dict.fromkeys(SHAPES))
            raise UsageError(f"there is no shape {shape!r} of a puzzle; there are {kinds}")
    return shapes or SHAPES


def _known_sequences(sequences: Sequences) -> Sequences:
    kinds = get_args(Sequences)
    if sequences not in kinds:
        raise UsageError(f"sequences is {sequences!r}, expected one of {', '.join(kinds)}")
    return sequences


def _known_words(words: Sequence[str] | None) -> Sequence[str]:
    for word in words or ():
        if word not in OPERATIONS:
            raise UsageError(
                f"there is no operation {word!r}{nearest(word, OPERATIONS)}; there are "
                f"{', '.join(OPERATIONS)}"
            )
    if words and (len({*words} & {*FIGURES}) < 2 or len({*words} & {*LISTS}) < 2):
        raise UsageError(f"words is {list(words)}, expected two figures and two lists at least")
    return words or OPERATIONS


def _task(seed: int, shapes: Sequence[str], sequences: Sequences, words: Sequence[str]) -> Task:
    puzzle = make_puzzle(seed, shapes, sequences, words)
    data = {
        "question": puzzle.question,
        "answer": write_list(puzzle.answer or ()),
        "kind": "numeric" if puzzle.shape == FORK else "exact",  # exact drops signs
        "parts": list(puzzle.parts),
        "sees": [list(seen) for seen in puzzle.sees],
    }
    return Task(f"skills-{seed}", group=puzzle.shape, seed=seed, data=data)


if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, entry_point="agentrl.orchestrator.skills.env:SkillsEnv")

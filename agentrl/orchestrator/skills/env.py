"""``Skills-v0``: questions about short lists of numbers that need several workers."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium

from agentrl.envs.qa.env import QAEnv
from agentrl.errors import UsageError
from agentrl.orchestrator.skills.operations import write_list
from agentrl.orchestrator.skills.puzzle import FORK, SHAPES, make_puzzle
from agentrl.task import Task

ENV_ID = "Skills-v0"


class SkillsEnv(QAEnv):
    """Puzzles of one to three parts, made by seed; each names the workflow that solves it.

    The inner environment of ``tasks/conductor/skills.yaml``; its id there is
    ``agentrl.orchestrator.skills.env:Skills-v0``.

    Args:
        shapes: kinds of puzzles, as often as they stand here: ``one``, ``chain2``, ``chain3`` and
            ``fork``; None: more of the long ones.
        options: those of ``QAEnv``.
    """

    def __init__(self, shapes: Sequence[str] | None = None, **options: Any) -> None:
        super().__init__(**options)
        _known(shapes)

    @property
    def instructions(self) -> str:
        """Return nothing: what is asked is all that its workers need to know."""
        return ""

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return ``count`` puzzles, grouped by their shape."""
        shapes = _known(options.get("shapes"))
        return [_task(number, shapes) for number in range(seed, seed + count)]


def _known(shapes: Sequence[str] | None) -> Sequence[str]:
    for shape in shapes or ():
        if shape not in SHAPES:
            kinds = ", ".join(dict.fromkeys(SHAPES))
            raise UsageError(f"there is no shape {shape!r} of a puzzle; there are {kinds}")
    return shapes or SHAPES


def _task(seed: int, shapes: Sequence[str]) -> Task:
    puzzle = make_puzzle(seed, shapes)
    data = {
        "question": puzzle.question,
        "answer": write_list(puzzle.answer or ()),
        "kind": "numeric" if puzzle.shape == FORK else "exact",  # exact drops signs
        "workflow": puzzle.workflow,
    }
    return Task(f"skills-{seed}", group=puzzle.shape, seed=seed, data=data)


if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, entry_point="agentrl.orchestrator.skills.env:SkillsEnv")

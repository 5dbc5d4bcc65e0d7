"""``Mixed-v0``: tasks for several specialists; ``Skill-v0``: one specialist's part of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium

from agentrl.envs.qa.env import QAEnv
from agentrl.errors import UsageError, nearest
from agentrl.orchestrator.context import chat, in_one_message
from agentrl.orchestrator.specialists.puzzle import Puzzle, make_puzzle
from agentrl.orchestrator.specialists.skills import SKILLS
from agentrl.orchestrator.worker import Seen
from agentrl.task import Task


class MixedEnv(QAEnv):
    """Puzzles of one to four parts, made by seed; each names the workflow that solves it.

    The inner environment of ``tasks/conductor/specialists.yaml``; its id there is
    ``agentrl.orchestrator.specialists.env:Mixed-v0``.
    """

    @property
    def instructions(self) -> str:
        """Return nothing: what is asked is all that its workers need to know."""
        return ""

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return ``count`` puzzles, grouped by their number of parts."""
        return [_mixed(number) for number in range(seed, seed + count)]


class SkillEnv(QAEnv):
    """One part of each puzzle, shown exactly as a workflow shows it to the part's worker.

    Args:
        skill: whose part: ``look up``, ``sort``, ``add`` or ``write``.
        render_mode: as in gymnasium.
    """

    def __init__(self, skill: str, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        if skill not in SKILLS:
            hint = nearest(skill, SKILLS) or f"; the skills are {', '.join(SKILLS)}"
            raise UsageError(f"the option skill is {skill!r}{hint}")

    @property
    def instructions(self) -> str:
        """Return nothing: a specialist knows one thing."""
        return ""

    def begin(self, task: Task, seed: int) -> str:
        super().begin(task, seed)
        return str(task.data["question"])  # with its blank lines, as a worker gets it

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return one part each of ``count`` puzzles."""
        return [_part(str(options["skill"]), number) for number in range(seed, seed + count)]


def _mixed(seed: int) -> Task:
    puzzle = make_puzzle(str(seed))
    data = {
        "question": puzzle.question,
        "answer": puzzle.answers[-1],
        "kind": "exact",
        "workflow": puzzle.workflow,
    }
    return Task(f"mixed-{seed}", group=_parts(len(puzzle.shape)), seed=seed, data=data)


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count} parts"


def _part(skill: str, seed: int) -> Task:
    puzzle = make_puzzle(f"{skill}:{seed}", skill)
    index = [part for part, _ in puzzle.shape].index(skill)
    data = {
        "question": _shown(puzzle, index),
        "answer": puzzle.answers[index],
        "kind": "exact",
    }
    return Task(f"{skill.replace(' ', '-')}-{seed}", seed=seed, data=data)


def _shown(puzzle: Puzzle, index: int) -> str:
    """Return the message that the worker of a part gets in ``Conductor-v0``."""
    skill, sees = puzzle.shape[index]
    seen = [Seen(f"{n}", puzzle.shape[n][0], puzzle.answers[n]) for n in sees]
    question = f"\n\n{puzzle.question}"  # the conductor's question: no instructions, the task
    return in_one_message(chat(question, skill, sees=seen))[-1].content


for _name, _class in (("Mixed-v0", "MixedEnv"), ("Skill-v0", "SkillEnv")):
    if _name not in gymnasium.registry:
        gymnasium.register(_name, entry_point=f"agentrl.orchestrator.specialists.env:{_class}")

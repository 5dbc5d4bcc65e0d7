"""Who plans for the pool of skills without learning: what demonstrations and known plans are."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from agentrl.errors import UsageError
from agentrl.orchestrator.planning import KEEP, Planner, Situation
from agentrl.orchestrator.skills.checker import WRONG
from agentrl.orchestrator.worker import Descriptor

Knows = Literal["claims", "records"]
RIGHT = "right"
"""Kind of task whose ``performance`` is how often a worker is right."""
CHECK = "check"
"""Skill of a worker that looks at an answer."""


@dataclass(frozen=True, slots=True)
class _Plan:
    workers: list[int]
    texts: list[str]
    access: list[Any]

    @property
    def text(self) -> str:
        told = ", ".join(f'"{text}"' for text in self.texts)
        access = ", ".join('"all"' if seen == "all" else str(seen) for seen in self.access)
        return f"model_id = {self.workers}\nsubtasks = [{told}]\naccess_list = [{access}]"


def planner(knows: Knows = "records", check: bool = False) -> Planner:
    """Return a planner for ``Skills-v0``, which tells every worker its part of the task.

    One that knows ``claims`` alone takes any worker that claims to be able to do the part, and
    lets every other plan show everybody everything: right about what is to be done, and about
    little else. One that knows ``records`` takes the worker that is right most often, and shows
    each what it needs. Neither plans where nobody claims a part.

    Args:
        knows: ``claims`` or ``records``.
        check: let a worker with the skill ``check`` look at the answer in the end, and plan again
            where it was found wrong.

    Raises:
        UsageError: it is to know something else.
    """
    if knows not in get_args(Knows):
        raise UsageError(f"knows is {knows!r}, expected one of {', '.join(get_args(Knows))}")

    def plan(situation: Situation) -> str | None:
        if situation.answer not in (None, WRONG):
            return KEEP
        parts: Sequence[str] = situation.task.data["parts"]
        access: list[Any] = [list(seen) for seen in situation.task.data["sees"]]
        rng = random.Random(f"planner:{situation.task.id}")
        chosen = [_worker(part, situation.workers, knows, rng) for part in parts]
        if knows == "claims" and rng.random() < 0.5:
            access = [[], *["all"] * (len(parts) - 1)]
        if check:
            chosen.append(_worker(CHECK, situation.workers, knows, rng))
            parts, access = [*parts, CHECK], [*access, [len(parts) - 1]]
        workers = [number for number in chosen if number is not None]
        return _Plan(workers, list(parts), access).text if len(workers) == len(parts) else None

    return plan


def _worker(
    part: str, workers: Mapping[str, Descriptor], knows: Knows, rng: random.Random
) -> int | None:
    """Return the number of a worker for a part; None: nobody claims it."""
    records = {
        number: known.performance.get(RIGHT, 0.0)
        for number, known in enumerate(workers.values())
        if part in " ".join(known.tags).split()
    }
    if not records:
        return None
    return rng.choice(list(records)) if knows == "claims" else max(records, key=records.__getitem__)

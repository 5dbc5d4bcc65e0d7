"""A rubric as the judge uses it: a list of criteria with points and weights."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentrl.errors import TaskError, UsageError
from agentrl.suite.reward.judge import ItemSpec, NuggetsSpec, RubricSpec
from agentrl.task import Task

SCORE = "score"
"""The one criterion of a rubric of principles."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that gets points."""

    name: str
    text: str
    points: int
    """Most points."""
    weight: float
    """Its part of the whole; the weights of a rubric sum to 1."""
    level: str = ""
    """The heading that it stands under."""


@dataclass(frozen=True, slots=True)
class Rubric:
    """What is judged."""

    criteria: tuple[Criterion, ...]
    principles: str = ""
    """Free text that the one score is given by."""
    own_principles: bool = False
    """Whether the judge first writes down principles for this task."""

    def score(self, shares: Mapping[str, float]) -> float:
        """Return the weighted mean of the criteria's shares of their points, from 0 to 1.

        With levels that is ``sum_l w_l * mean_l / sum_l w_l``: each level's weighted mean, as
        ArenaRL (arXiv 2601.06487) weighs a path by 0.6 and an answer by 0.4. With nuggets it is
        the share of the facts that the answer contains.
        """
        return min(1.0, max(0.0, sum(c.weight * shares[c.name] for c in self.criteria)))


class Rubrics:
    """The rubric of each task; all tasks share one unless it is made of nuggets.

    Args:
        spec: the suite's section.
        tasks: the suite's tasks by id, where nuggets stand in their data.

    Raises:
        UsageError: a file of nuggets cannot be read, or one of the tasks has no nuggets.
    """

    def __init__(self, spec: RubricSpec, tasks: Mapping[str, Task]) -> None:
        self._spec = spec
        self._tasks = tasks
        nuggets = spec.nuggets
        self._rows = _read_rows(nuggets) if nuggets and nuggets.file else None
        self._shared = None if nuggets else _shared_rubric(spec)
        for task_id in tasks:
            self.of(task_id)  # a task that cannot be judged is told before anything runs

    def of(self, task_id: str) -> Rubric:
        """Return the rubric of a task.

        Raises:
            TaskError: it has no nuggets.
        """
        if self._shared is not None:
            return self._shared
        assert self._spec.nuggets is not None, "a rubric is shared or made of nuggets"
        if self._rows is not None:
            given = self._rows.get(task_id)
        else:
            task = self._tasks.get(task_id)
            given = None if task is None else task.data.get(self._spec.nuggets.key)
        return Rubric(_level("", 1.0, _read_nuggets(given, task_id, self._spec.nuggets)))


def _shared_rubric(spec: RubricSpec) -> Rubric:
    if spec.principles is not None:
        text = "How well the principles are followed, all in all."
        criteria = (Criterion(SCORE, text, spec.points, 1.0),)
        return Rubric(criteria, spec.principles.strip(), spec.own_principles)
    if spec.items is not None:
        return Rubric(_level("", 1.0, spec.items))
    levels = spec.levels or ()
    total = sum(level.weight for level in levels)
    return Rubric(tuple(c for lv in levels for c in _level(lv.name, lv.weight / total, lv.items)))


def _level(name: str, part: float, items: Sequence[ItemSpec]) -> tuple[Criterion, ...]:
    total = sum(item.weight for item in items)
    return tuple(
        Criterion(item.name, item.text, item.points, part * item.weight / total, name)
        for item in items
    )


def _read_nuggets(given: Any, task_id: str, spec: NuggetsSpec) -> list[ItemSpec]:
    """Return a task's facts as questions of yes or no, named ``n1``, ``n2`` and so on."""
    where = spec.file or "the task's data"
    wrong = TaskError(
        f"task {task_id!r}: no nuggets under {spec.key!r} in {where}; expected a list of texts, "
        "or of mappings with 'text' and 'weight'"
    )
    if not isinstance(given, list | tuple) or not given:
        raise wrong
    items = []
    for number, one in enumerate(given, 1):
        row = {"text": one} if isinstance(one, str) else one
        if not isinstance(row, Mapping) or not set(row) <= {"text", "weight"}:
            raise wrong
        try:
            items.append(ItemSpec(name=f"n{number}", **row))
        except (ValueError, TypeError):
            raise wrong from None
    return items


def _read_rows(spec: NuggetsSpec) -> dict[str, Any]:
    path = Path(spec.file or "")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(
            f"rubric.nuggets.file: cannot read {path}: {exc}; give a file of JSON lines with "
            f"'task' and {spec.key!r}"
        ) from None
    rows: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _read_row(line, spec, f"{path}:{number}")
            rows[str(row["task"])] = row[spec.key]
    return rows


def _read_row(line: str, spec: NuggetsSpec, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise UsageError(f"{where}: no JSON: {exc}") from None
    if not isinstance(row, dict) or not {"task", spec.key} <= set(row):
        raise UsageError(f"{where}: expected a mapping with 'task' and {spec.key!r}")
    return row

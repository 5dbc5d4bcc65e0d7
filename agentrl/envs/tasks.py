"""Where a suite's tasks come from: made by the environment, read from a file, or written inline."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from agentrl.envs.base import TextEnv
from agentrl.envs.build import suite_env_class
from agentrl.errors import TaskError
from agentrl.suite import Suite
from agentrl.suite.tasks import TasksSpec
from agentrl.task import Task

_Placed = tuple[str, Task]
"""Where a task was found, for complaints, and the task."""


def load_tasks(
    suite: Suite, spec: TasksSpec | None = None, at: tuple[str, ...] = ("tasks",)
) -> tuple[Task, ...]:
    """Return the tasks of a suite, each with an id of its own.

    Args:
        suite: the suite.
        spec: which of its sections of tasks; None: its ``tasks``.
        at: where that section stands, for complaints.

    Raises:
        SuiteError: the file is missing, or the inline tasks cannot be used.
        TaskError: a row cannot be read or is no task of the environment, two share an id, or
            there is none; the message names the file and the line.
        MissingDependencyError: reading a Parquet file needs pyarrow.
    """
    spec = spec or suite.spec.tasks
    number, parts = spec.part or (0, 1)
    part = islice(_unique(_placed(suite, spec, at)), number, None, parts)
    tasks = tuple(islice(part, spec.limit))
    if not tasks:
        raise TaskError(f"{spec.file or suite.path}: holds no task")
    return tasks


def world_seed(suite_seed: int, task: Task) -> int:
    """Return the seed of a task's world: its own, or one that follows from the suite's.

    The same suite seed and task id give the same seed on every machine and in every process.

    >>> world_seed(0, Task(id="a")), world_seed(0, Task(id="a", seed=7))
    (1324999421, 7)
    """
    if task.seed is not None:
        return task.seed
    digest = hashlib.sha256(f"{suite_seed}:{task.id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _placed(suite: Suite, spec: TasksSpec, at: tuple[str, ...]) -> Iterator[_Placed]:
    options = suite.spec.env.options
    chosen = suite_env_class(suite).played(options)
    if chosen is not suite_env_class(suite):
        options = options["env"].get("options", {})
    if spec.generate is not None:
        made = chosen.generate(spec.generate.count, spec.generate.seed, options)
        return ((f"generated task {n}", task) for n, task in enumerate(made, 1))
    if spec.inline is not None:
        return _inline(suite, chosen, spec.inline, at)
    return _from_file(suite, chosen, Path(spec.file or ""), at)


def _unique(placed: Iterable[_Placed]) -> Iterator[Task]:
    seen: dict[str, str] = {}
    for place, task in placed:
        if task.id in seen:
            raise TaskError(
                f"{place}: the id {task.id!r} was given before, at {seen[task.id]}; "
                f"every task needs an id of its own"
            )
        seen[task.id] = place
        yield task


def _inline(
    suite: Suite, chosen: type[TextEnv], rows: tuple[dict[str, Any], ...], at: tuple[str, ...]
) -> Iterator[_Placed]:
    for index, row in enumerate(rows):
        try:
            task = chosen.task({"id": f"task-{index + 1}"} | row, index + 1)
        except TaskError as exc:
            raise suite.error((*at, "inline", index), str(exc)) from None
        line = suite.lines.get((*at, "inline", index))
        yield f"{suite.path}:{line}" if line else f"{'.'.join(at)}.inline[{index}]", task


def _from_file(
    suite: Suite, chosen: type[TextEnv], path: Path, at: tuple[str, ...]
) -> Iterator[_Placed]:
    if not path.exists():
        where = "beside the suite file or from the current folder"
        raise suite.error((*at, "file"), f"no file {str(path)!r}, {where}")
    stem = path.name.split(".")[0]
    for number, row in chosen.rows(path):
        place = f"{path}:{number}"
        try:
            yield place, chosen.task({"id": f"{stem}-{number}", **row}, number)
        except TaskError as exc:
            raise TaskError(f"{place}: {exc}") from None

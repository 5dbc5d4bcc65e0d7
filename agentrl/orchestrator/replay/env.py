"""``Recorded-v0``: the questions of a recording, graded as the recording was."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import gymnasium

from agentrl.envs.base import Step, TextEnv
from agentrl.errors import TaskError
from agentrl.orchestrator.replay.lines import existing
from agentrl.orchestrator.replay.read import read_recording
from agentrl.orchestrator.replay.recording import ITEM_KEY, Item
from agentrl.orchestrator.replay.zeroeval import read_items
from agentrl.task import Task

ENV_ID = "Recorded-v0"
RIGHT = "right"
"""What stands for the reference where a recording tells only whether an answer was right."""
_ITEMS = ".items.jsonl.gz"


class RecordedEnv(TextEnv):
    """One question, one answer: right if it is, word for word, the recording's reference.

    It goes with replay workers that say ``graded``: their answer is the reference where the
    recording's own grader took it for right. Its id in a suite is
    ``agentrl.orchestrator.replay.env:Recorded-v0``; ``tasks.file`` is the recording: a folder or a
    ``<task>.items.jsonl.gz`` of ZeroEval's form, a CSV file or a folder of them of RouteLLM's, or
    JSON lines of our own form. A task's group is its benchmark.
    """

    max_turns = 1
    facts: ClassVar[Mapping[str, str]] = {}

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self._reference, self._right = RIGHT, False

    @property
    def instructions(self) -> str:
        """Return nothing: what was asked is all that is known."""
        return ""

    def begin(self, task: Task, seed: int) -> str:
        self._reference, self._right = str(task.data["answer"]), False
        return str(task.data["question"]).strip()

    def act(self, action: str) -> Step:
        self._right = action.strip() == self._reference.strip()
        verdict = "Correct." if self._right else "Wrong."
        return Step(verdict, reward=float(self._right), terminated=True)

    def outcome(self) -> dict[str, float]:
        return {"success": float(self._right)}

    def expert_action(self) -> str | None:
        return self._reference

    @classmethod
    def rows(cls, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield a row for each item of a recording.

        Raises:
            UsageError: there is no recording.
            RecordError: it cannot be read.
        """
        return enumerate(map(_row, _items(path)), 1)

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task of a row, checked so that a bad row is found before anything runs."""
        task = super().task(row, number)
        for key in ("question", "answer"):
            if not isinstance(task.data.get(key), str):
                raise TaskError(f"{key!r} is {task.data.get(key)!r}, expected a text")
        return task


def _row(item: Item) -> Mapping[str, Any]:
    return {
        "id": item.id,
        ITEM_KEY: item.id,
        "group": item.group,
        "question": item.question,
        "answer": RIGHT if item.answer is None else item.answer,
    }


def _items(path: Path) -> Iterator[Item]:
    existing(path, "recording")
    if path.name.endswith(_ITEMS):
        yield from read_items(path.parent, path.name.removesuffix(_ITEMS))
    elif path.is_dir() and (found := sorted(path.glob(f"*{_ITEMS}"))):
        for file in found:
            yield from read_items(path, file.name.removesuffix(_ITEMS))
    else:
        table = path.suffix == ".csv" or (path.is_dir() and any(path.glob("*.csv")))
        form = "routellm" if table else "jsonl"
        nobody: frozenset[str] = frozenset()
        yield from read_recording(form, str(path), (), nobody, texts=False).items.values()


if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, entry_point="agentrl.orchestrator.replay.env:RecordedEnv")

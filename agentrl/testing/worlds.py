"""A public toy world, small enough to see through, that can be told to fail.

Importing this module registers it; a suite names it as
``agentrl.testing.worlds:agentrl-testing/Counter-v0``.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import gymnasium

from agentrl.envs.base import Step, TextEnv
from agentrl.errors import UnscoredError
from agentrl.task import Task

COUNTER_ID = "agentrl.testing.worlds:agentrl-testing/Counter-v0"


class CounterEnv(TextEnv):
    """Count up to a target: the action ``up`` adds one, ``down`` takes one away.

    A task may ask for trouble: ``crash_at``, ``hang_at`` or ``die_at`` name a turn (from 0) at
    which the step raises, never comes back, or ends the whole process; ``once`` names a file that
    is made when trouble strikes and keeps it from striking again. ``unscored`` makes the outcome
    impossible to determine.

    Args:
        target: the number to reach.
    """

    facts: ClassVar[Mapping[str, str]] = {
        "rise": "by how much the count rose",
        "score": "share of the way to the target",
    }
    max_turns = 10
    _forever_s: ClassVar[float] = 3600.0

    def __init__(self, target: int = 3, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self._target = target
        self._task = Task(id="")
        self._count = self._turn = 0

    @property
    def instructions(self) -> str:
        return f"Count up to {self._target}. Answer 'up' or 'down'."

    def begin(self, task: Task, seed: int) -> str:
        self._task, self._turn = task, 0
        self._count = -(seed % 2)
        return self._say()

    def act(self, action: str) -> Step:
        self._ask_for_trouble()
        self._turn += 1
        if action not in ("up", "down"):
            return self.refuse(f"{action!r} is neither 'up' nor 'down'. {self._say()}")
        change = 1 if action == "up" else -1
        self._count += change
        won = self._count >= self._target
        return Step(self._say(), {"rise": float(change)}, reward=float(won), terminated=won)

    def outcome(self) -> dict[str, float]:
        if self._task.data.get("unscored"):
            raise UnscoredError(f"task {self._task.id!r} asked not to be scored")
        reached = max(0.0, min(1.0, self._count / self._target))
        return {"success": float(self._count >= self._target), "score": reached}

    def legal_actions(self) -> tuple[str, ...]:
        return ("up", "down")

    def expert_action(self) -> str:
        return "up"

    def _say(self) -> str:
        return f"The counter shows {self._count}."

    def _ask_for_trouble(self) -> None:
        trouble = next((k for k in _TROUBLES if self._task.data.get(k) == self._turn), None)
        if trouble is None or not self._strikes():
            return
        if trouble == "crash_at":
            raise RuntimeError("the counter broke")
        if trouble == "die_at":
            os._exit(7)
        time.sleep(self._forever_s)

    def _strikes(self) -> bool:
        marker = self._task.data.get("once")
        if marker is None:
            return True
        if Path(marker).exists():
            return False
        Path(marker).touch()
        return True


_TROUBLES = ("crash_at", "hang_at", "die_at")

gymnasium.register("agentrl-testing/Counter-v0", entry_point="agentrl.testing.worlds:CounterEnv")

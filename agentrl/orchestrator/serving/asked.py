"""``Asked-v0``: the task that a client's question is, where nobody knows the right answer."""

from typing import ClassVar

import gymnasium

from agentrl.envs.base import Step, TextEnv
from agentrl.errors import TaskError
from agentrl.task import Task

ENV_ID = "Asked-v0"
FULL_ID = f"{__name__}:{ENV_ID}"


class AskedEnv(TextEnv):
    """Shows a question, and takes any answer for right.

    It stands in the place of the environment that a policy was trained on, so that policy and
    workers are told the same as in training.

    Args:
        rules: the instructions of that environment.
        render_mode: as in gymnasium.
    """

    remembered: ClassVar[bool] = False
    max_turns = 1

    def __init__(self, rules: str = "", render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self._rules = rules

    @property
    def instructions(self) -> str:
        return self._rules

    def begin(self, task: Task, seed: int) -> str:
        question = task.data.get("question")
        if not isinstance(question, str):
            raise TaskError(f"the question is {question!r}, expected a text")
        return question

    def act(self, action: str) -> Step:
        return Step(action, terminated=True)

    def outcome(self) -> dict[str, float]:
        return {"success": 1.0}


if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, entry_point=f"{__name__}:AskedEnv")

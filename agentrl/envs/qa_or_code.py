"""``QAOrCode-v0``: questions and programming problems in one file of tasks.

For mixes such as the Conductor's (arXiv 2512.04388): mathematics, multiple choice, free answers and
programs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import gymnasium

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.code.env import CodeEnv
from agentrl.envs.qa.env import QAEnv
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task


class QAOrCodeEnv(TextEnv):
    """Each task is one of ``agentrl/QA-v0``, or of ``agentrl/Code-v0`` where it has no question.

    Its id is ``agentrl.envs.qa_or_code:QAOrCode-v0``. Without a file, tasks are sums.

    Args:
        test_s: longest time for one test of a program, in seconds.
        total_s: longest time for all tests of a program, in seconds.
        sandbox: where programs run.
        render_mode: as in gymnasium.
    """

    max_turns = 1
    blocking: ClassVar[bool] = True
    sandboxed: ClassVar[bool] = True
    facts: ClassVar[Mapping[str, str]] = {**QAEnv.facts, **CodeEnv.facts}

    def __init__(
        self,
        test_s: float = 5.0,
        total_s: float = 60.0,
        sandbox: SandboxSpec | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        self._qa = QAEnv()
        self._code = CodeEnv(attempts=1, test_s=test_s, total_s=total_s, sandbox=sandbox)
        self._played: TextEnv = self._qa

    @property
    def instructions(self) -> str:
        return self._played.instructions

    def begin(self, task: Task, seed: int) -> str:
        self._played = self._qa if _is_question(task.data) else self._code
        return self._played.begin(task, seed)

    def act(self, action: str) -> Step:
        return self._played.act(action)

    def outcome(self) -> dict[str, float]:
        return self._played.outcome()

    def legal_actions(self) -> tuple[str, ...] | None:
        return self._played.legal_actions()

    def expert_action(self) -> str | None:
        return self._played.expert_action()

    def close(self) -> None:
        """Give the sandbox back."""
        self._code.close()

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return ``count`` sums of two small numbers."""
        return QAEnv.generate(count, seed, options)

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task of a row, checked so that a bad row is found before anything runs."""
        return (QAEnv if _is_question(row) else CodeEnv).task(row, number)


def _is_question(data: Mapping[str, Any]) -> bool:
    return not data or "question" in data


gymnasium.register("QAOrCode-v0", entry_point=f"{__name__}:QAOrCodeEnv")

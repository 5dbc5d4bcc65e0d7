"""Questions with answers that can be checked: one question, one answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.qa.choice import LETTERS
from agentrl.envs.qa.question import Grade, Kind, Question, read_question, sum_question
from agentrl.task import Task

_FORMS = {
    Kind.NUMERIC: "Think as long as you need, then end with a line '#### ' and the number.",
    Kind.CHOICE: "Think as long as you need, then end with 'The answer is (X)', X the letter.",
    Kind.EXACT: "Answer in a few words. After reasoning, end with 'The answer is ' and the answer.",
    Kind.F1: "Answer in a few words. After reasoning, end with 'The answer is ' and the answer.",
}
_MISSING = {
    Kind.NUMERIC: "There is no number in the answer.",
    Kind.CHOICE: "It is not clear which choice the answer means: give one of {letters}.",
    Kind.EXACT: "The answer is empty.",
    Kind.F1: "The answer is empty.",
}


class QAEnv(TextEnv):
    """Questions with numeric, multiple-choice or short text answers, read from JSON lines.

    A task holds ``question``, ``answer`` and, where wanted, ``choices``, ``kind`` and ``aliases``.
    Without a file, tasks are sums of two small numbers. An answer from which nothing can be read
    is refused like any other action that makes no sense.
    """

    max_turns = 1

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self._question: Question | None = None
        self._grade: Grade | None = None

    @property
    def instructions(self) -> str:
        return f"Answer the question. {_FORMS[self._asked.kind]}"

    def begin(self, task: Task, seed: int) -> str:
        self._question = read_question(task.data or sum_question(seed))
        self._grade = None
        choices = [f"({LETTERS[i]}) {text}" for i, text in enumerate(self._question.choices)]
        return "\n".join([self._question.text, *choices])

    def act(self, action: str) -> Step:
        grade = self._asked.grade(action)
        if grade is None:
            letters = ", ".join(LETTERS[: len(self._asked.choices)])
            return self.refuse(_MISSING[self._asked.kind].format(letters=letters))
        self._grade = grade
        verdict = "Correct." if grade.success else "Wrong."
        return Step(verdict, reward=float(grade.success), terminated=True)

    def outcome(self) -> dict[str, float]:
        grade = self._grade or Grade(success=False, score=0.0)
        return {"success": float(grade.success), "score": grade.score}

    def legal_actions(self) -> tuple[str, ...] | None:
        return tuple(LETTERS[: len(self._asked.choices)]) or None

    def expert_action(self) -> str | None:
        """Return the reference answer; for GSM8K it is the whole worked solution."""
        if self._asked.kind is Kind.CHOICE:
            return f"The answer is ({self._asked.accepted[0]})."
        return self._asked.reference

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return ``count`` sums of two small numbers."""
        seeds = range(seed, seed + count)
        return [Task(f"sum-{s}", group="sums", seed=s, data=sum_question(s)) for s in seeds]

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task of a row, checked so that a bad row is found before anything runs."""
        task = super().task(row, number)
        read_question(task.data)
        return task

    @property
    def _asked(self) -> Question:
        assert self._question is not None, "reset comes first"
        return self._question

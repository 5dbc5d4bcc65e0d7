"""Questions with answers that can be checked: one question, one answer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.qa.choice import LETTERS
from agentrl.envs.qa.grade import Grade, Rules
from agentrl.envs.qa.question import Kind, Question, read_question, sum_question
from agentrl.errors import UsageError
from agentrl.rewards.verify.tool_calls import Detail
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
}


class QAEnv(TextEnv):
    """Questions with numbers, choices, texts, SQL or tool calls for answers, from JSON lines.

    A task holds ``question``, ``answer`` and, where wanted, ``choices``, ``kind`` and ``aliases``;
    SQL also ``schema``, tool calls ``tools``. Without a file, tasks are sums of two small numbers.
    An answer from which nothing can be read is refused like any other action that makes no sense.

    Args:
        bleu_success: the BLEU from which an answer of kind ``bleu`` is a success.
        tool_detail: how finely a tool call is compared: ``fine`` counts names and values,
            ``intermediate`` whole calls, ``coarse`` all or nothing.
        tool_strict: whether names of tools and parameters must be equal in order to count.
    """

    max_turns = 1
    facts: ClassVar[Mapping[str, str]] = {
        "score": "how good the answer is, from 0 to 1",
        "bleu": "BLEU with the references",
        "sql_parses": "the answer is one query, and reads",
        "sql_schema": "tables and columns shared with the reference",
        "sql_ngrams": "pairs of tokens shared with the reference",
        "sql_equal": "the same query, however it is written",
        "sql_executes": "the query runs on the task's database",
        "sql_result": "the query returns the reference's rows",
        "tool_format": "thought, calls and reply stand where they should",
        "tool_parsed": "there are calls that can be read",
        "tool_match": "ToolRL's S over its maximum",
        "tool_exact": "the same calls, in the same order",
        "tool_correctness": "ToolRL's 6 S / S_max - 3",
        "tool_words": "words of the thought",
        "selection_recall": "share of the right ones that are chosen",
        "selection_over": "share of the wrong ones that are chosen",
        "selection_inaction": "nothing is chosen though something is right",
        "selection_score": "recall less over-enumeration and inaction, from -1 to 1",
        "selection_exact": "exactly the right ones are chosen",
    }

    def __init__(
        self,
        bleu_success: float = 0.5,
        tool_detail: Literal["fine", "intermediate", "coarse"] = "fine",
        tool_strict: bool = False,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        if not 0 < bleu_success <= 1:
            raise UsageError(f"bleu_success is {bleu_success}, expected above 0 and at most 1")
        self._rules = Rules(bleu_success, Detail(tool_detail), tool_strict)
        self._question: Question | None = None
        self._grade: Grade | None = None

    @property
    def instructions(self) -> str:
        scorer = self._asked.scorer
        return f"Answer the question. {scorer.form if scorer else _FORMS[self._asked.kind]}"

    def begin(self, task: Task, seed: int) -> str:
        self._question = read_question(task.data or sum_question(seed), self._rules)
        self._grade = None
        choices = [f"({LETTERS[i]}) {text}" for i, text in enumerate(self._question.choices)]
        shown = self._question.scorer.shown if self._question.scorer else ""
        return "\n".join([self._question.text, *choices, *filter(None, [shown])])

    def act(self, action: str) -> Step:
        grade = self._asked.grade(action)
        if grade is None:
            letters = ", ".join(LETTERS[: len(self._asked.choices)])
            missing = _MISSING.get(self._asked.kind, "The answer is empty.")
            return self.refuse(missing.format(letters=letters))
        self._grade = grade
        verdict = "Correct." if grade.success else "Wrong."
        return Step(verdict, grade.facts, reward=float(grade.success), terminated=True)

    def outcome(self) -> dict[str, float]:
        grade = self._grade or self._unanswered()
        return {"success": float(grade.success), "score": grade.score, **grade.facts}

    def _unanswered(self) -> Grade:
        """Return the grade of saying nothing; where that has facts, the least there are."""
        scorer = self._asked.scorer
        return scorer.grade("") if scorer else Grade(success=False, score=0.0)

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

"""A question with a checkable answer, as one row of a task file gives it."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from agentrl.envs.qa.choice import LETTERS, read_choice
from agentrl.envs.qa.extract import answer_part
from agentrl.envs.qa.grade import Grade, Rules, Scorer
from agentrl.envs.qa.numeric import is_number, read_number, same_number
from agentrl.envs.qa.scored.bleu import read_bleu
from agentrl.envs.qa.scored.selection import read_selection
from agentrl.envs.qa.scored.sql import read_sql
from agentrl.envs.qa.scored.tool_calls import read_tool_calls
from agentrl.envs.qa.squad import exact_match, f1, normalise
from agentrl.errors import TaskError, nearest

_CALCULATOR_NOTE = re.compile(r"<<[^<>]*>>")


class Kind(StrEnum):
    """How an answer is checked."""

    NUMERIC = "numeric"
    """The number that the answer gives."""
    CHOICE = "choice"
    """Which of the choices the answer means."""
    EXACT = "exact"
    """The same words after normalisation; everything else counts nothing."""
    F1 = "f1"
    """As ``exact``, and the score counts the words that are right."""
    BLEU = "bleu"
    """How much of its word groups the answer shares with the references."""
    SQL = "sql"
    """The rows that a query returns, and how like the reference it is."""
    TOOL_CALLS = "tool_calls"
    """Which tools are called with which parameters."""
    SELECTION = "selection"
    """Which of several things are chosen, when any number may be right."""


_SCORED: Mapping[Kind, Callable[[Mapping[str, Any], Rules], Scorer]] = {
    Kind.BLEU: read_bleu,
    Kind.SQL: read_sql,
    Kind.TOOL_CALLS: read_tool_calls,
    Kind.SELECTION: read_selection,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what counts as its answer."""

    text: str
    kind: Kind
    reference: str
    """The right answer as the row gives it, without GSM8K's calculator notes."""
    accepted: tuple[str, ...]
    """The reference and its aliases; for a choice its letter."""
    choices: tuple[str, ...] = ()
    scorer: Scorer | None = None
    """Grades the answer where the kind has partial credit."""

    def grade(self, answer: str) -> Grade | None:
        """Return how good an answer is, or None where none can be read from the text."""
        if not answer.strip():
            return None
        if self.scorer is not None:
            return self.scorer.grade(answer)
        if self.kind is Kind.NUMERIC:
            return _grade_number(answer, self.accepted)
        if self.kind is Kind.CHOICE:
            index = read_choice(answer, self.choices)
            return None if index is None else _all_or_nothing(LETTERS[index] in self.accepted)
        part = answer_part(answer)
        success = any(exact_match(part, accepted) for accepted in self.accepted)
        if self.kind is Kind.EXACT:
            return _all_or_nothing(success)
        return Grade(success, max(f1(part, accepted) for accepted in self.accepted))


def read_question(data: Mapping[str, Any], rules: Rules | None = None) -> Question:
    """Return the question in a row of the form ``{question, answer, choices?, kind?, aliases?}``.

    Without ``kind``, a row with ``choices`` is a choice; an answer with ``####``, as GSM8K writes
    it, or one that is a number and nothing else is numeric; any other answer is exact.

    Raises:
        TaskError: something is missing, of a wrong type or does not fit together.
        MissingDependencyError: what checks this kind of answer is not installed.
    """
    text, answer = data.get("question"), data.get("answer")
    if not isinstance(text, str) or not text.strip():
        raise TaskError(f"'question' is {text!r}, expected a text")
    if data.get("kind") in _SCORED:
        return _scored(text.strip(), Kind(data["kind"]), data, rules or Rules())
    if isinstance(answer, bool) or not isinstance(answer, str | int | float) or answer == "":
        raise TaskError(f"'answer' is {answer!r}, expected a text or a number")
    choices, aliases = _texts(data, "choices"), _texts(data, "aliases")
    reference = _CALCULATOR_NOTE.sub("", str(answer)).strip()
    kind = _kind(data.get("kind"), reference, choices)
    if kind is Kind.CHOICE:
        accepted: tuple[str, ...] = (_letter(answer, choices),)
    elif kind is Kind.NUMERIC:
        accepted = (reference, *aliases)
        _check_numbers(accepted)
    else:
        accepted = (reference, *aliases)
        if not all(normalise(one) for one in accepted):
            raise TaskError(f"nothing of the answer {reference!r} is left to compare with")
    return Question(text.strip(), kind, reference, accepted, choices)


def _scored(text: str, kind: Kind, data: Mapping[str, Any], rules: Rules) -> Question:
    scorer = _SCORED[kind](data, rules)
    choices = _texts(data, "choices") if kind is Kind.SELECTION else ()
    return Question(text, kind, scorer.expert, (scorer.expert,), choices, scorer)


def sum_question(seed: int) -> dict[str, str]:
    """Return a row with a question about two numbers, for tasks that need no file."""
    rng = random.Random(seed)
    left, right = rng.randint(2, 99), rng.randint(2, 99)
    sign, result = rng.choice((("+", left + right), ("-", left - right), ("*", left * right)))
    return {"question": f"What is {left} {sign} {right}?", "answer": str(result)}


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = data.get(key) or []
    if not isinstance(values, list | tuple):
        raise TaskError(f"{key!r} is {values!r}, expected a list of texts")
    return tuple(str(value) for value in values)


def _kind(given: Any, reference: str, choices: tuple[str, ...]) -> Kind:
    if given is not None:
        if given not in list(Kind):
            known = nearest(str(given), Kind) or f"; known: {', '.join(Kind)}"
            raise TaskError(f"'kind' is {given!r}{known}")
        return Kind(given)
    if choices:
        return Kind.CHOICE
    return Kind.NUMERIC if "####" in reference or is_number(reference) else Kind.EXACT


def _letter(answer: str | int | float, choices: tuple[str, ...]) -> str:
    if not 2 <= len(choices) <= len(LETTERS):
        raise TaskError(f"'choices' has {len(choices)} entries, expected 2 to {len(LETTERS)}")
    if str(answer) in choices:
        return LETTERS[choices.index(str(answer))]
    if isinstance(answer, int) and 0 <= answer < len(choices):
        return LETTERS[answer]
    letters = LETTERS[: len(choices)]
    if isinstance(answer, str) and len(answer) == 1 and answer.upper() in letters:
        return answer.upper()
    raise TaskError(
        f"'answer' is {answer!r}, expected one of the choices, its letter ({letters[0]} to "
        f"{letters[-1]}) or its index from 0"
    )


def _check_numbers(texts: tuple[str, ...]) -> None:
    for text in texts:
        if read_number(text) is None:
            raise TaskError(f"the answer {text!r} of a numeric question holds no number")


def _grade_number(answer: str, accepted: tuple[str, ...]) -> Grade | None:
    given = read_number(answer)
    if given is None:
        return None
    wanted: list[Fraction] = [n for n in map(read_number, accepted) if n is not None]
    return _all_or_nothing(any(same_number(given, number) for number in wanted))


def _all_or_nothing(success: bool) -> Grade:
    return Grade(success, float(success))

"""Questions with several right answers at once, and credit that guessing cannot earn."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.envs.qa.choice import LETTERS
from agentrl.envs.qa.extract import answer_part
from agentrl.envs.qa.grade import Grade, Rules
from agentrl.envs.qa.squad import normalise
from agentrl.errors import TaskError
from agentrl.rewards.verify.selection import facts

_SEPARATOR = re.compile(r"[,;\n]")
_AND = re.compile(r"\s+and\s+|\s+")
_LETTER = re.compile(r"\(?([A-Za-z])\)?[.:]?")
_SILENCE = {"recall": 0.0, "over": 0.0, "inaction": 1.0, "score": -1.0, "exact": 0.0}
"""Of no answer at all; "none" is an answer."""
_NOTHING = frozenset({"none", "nothing", "none of them"})


@dataclass(frozen=True, slots=True)
class SelectionScorer:
    """Facts: ``selection_recall``, ``selection_over``, ``selection_inaction``,
    ``selection_score``, ``selection_exact``. A success is exactly the reference's set.
    """

    wanted: frozenset[str]
    """Letters of the right choices; without choices, right answers after normalisation."""
    choices: tuple[str, ...]
    expert: str
    shown: str = ""

    @property
    def form(self) -> str:
        what = "the letters of all that are right" if self.choices else "all that are right"
        return (
            f"Think as long as you need, then end with 'The answer is ' and {what}, separated by "
            f"commas, or with 'The answer is none'. Wrong ones count against you."
        )

    def grade(self, answer: str) -> Grade:
        if not answer.strip():
            return Grade(False, 0.0, {f"selection_{name}": v for name, v in _SILENCE.items()})
        chosen = self.read(answer)
        universe = LETTERS[: len(self.choices)] if self.choices else None
        found = facts(chosen, self.wanted, universe)
        told = {f"selection_{name}": value for name, value in found.items()}
        return Grade(bool(found["exact"]), max(0.0, found["score"]), told)

    def read(self, answer: str) -> frozenset[str]:
        """Return what an answer chooses; what is no choice stays as a text, and is wrong."""
        part = answer_part(answer).rstrip(". \n")
        if normalise(part) in _NOTHING:
            return frozenset()
        items = (item.strip() for item in _SEPARATOR.split(part))
        return frozenset(name for item in items if item for name in self._named(item))

    def _named(self, item: str) -> Iterator[str]:
        if not self.choices:
            yield from filter(None, [normalise(item)])
            return
        known = _choice(item.removeprefix("and "), self.choices)
        if known:
            yield known
            return
        parts = [part for part in _AND.split(item) if part]
        letters = [_choice(part, self.choices) for part in parts]
        if letters and all(letters):
            yield from (letter for letter in letters if letter)
        else:
            yield normalise(item) or item


def read_selection(data: Mapping[str, Any], rules: Rules) -> SelectionScorer:
    """Return the scorer of a row: ``answer`` is a list, of ``choices`` where these are given.

    Raises:
        TaskError: the answer is no list of texts, or not among the choices.
    """
    answer, choices = data.get("answer"), data.get("choices") or ()
    for name, value in (("answer", answer), ("choices", choices)):
        if not isinstance(value, list | tuple):
            raise TaskError(f"{name!r} is {value!r}, expected a list")
    assert isinstance(answer, list | tuple)
    options = tuple(str(choice) for choice in choices)
    if len(options) == 1 or len(options) > len(LETTERS):
        raise TaskError(f"'choices' has {len(options)} entries, expected 2 to {len(LETTERS)}")
    right = [_right(one, options) for one in answer]
    told = ", ".join(right if options else [str(one) for one in answer])
    return SelectionScorer(
        frozenset(right), options, f"The answer is {told}." if right else "The answer is none."
    )


def _right(one: Any, options: Sequence[str]) -> str:
    name = _choice(str(one), options) if options else normalise(str(one))
    if not name or (not options and (_SEPARATOR.search(str(one)) or "." in str(one))):
        expected = "a choice or its letter" if options else "a text without , ; and ."
        raise TaskError(f"'answer' holds {one!r}, expected {expected}")
    return name


def _choice(text: str, options: Sequence[str]) -> str | None:
    """Return the letter of the choice that a text is, by its words or by its letter."""
    names = [normalise(option) for option in options]
    if names.count(normalise(text)) == 1:
        return LETTERS[names.index(normalise(text))]
    letter = _LETTER.fullmatch(text.strip())
    index = LETTERS.index(letter[1].upper()) if letter else len(options)
    return LETTERS[index] if index < len(options) else None

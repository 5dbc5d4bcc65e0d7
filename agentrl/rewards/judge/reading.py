"""Reading a judge's answer: strict about points, forgiving about what stands around them."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentrl.rewards.judge.rubric import Criterion

Shares = dict[str, float]
"""Part of its points that each criterion got, from 0 to 1, by name."""

_LONGEST = 50_000  # more than any answer; bounds the search for JSON in garbage
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(?:\s*/\s*(\d+))?")


class UnreadableError(ValueError):
    """An answer from which no points can be read; the text says what was wrong."""


def read_scores(
    text: str, criteria: Sequence[Criterion], subjects: Sequence[str] = ("",)
) -> dict[str, Shares]:
    """Return the share of its points that each criterion got, by subject.

    The last JSON object that has ``scores`` counts, because a judge thinks first, and may quote
    what it judges. Code fences and text around it are no matter, nor is a comma too many.

    Args:
        text: what the judge said.
        criteria: what should have got points.
        subjects: what was judged; a single one without a name has its points in ``scores`` itself.

    Raises:
        UnreadableError: there is no such object, or points are missing, no numbers or too many.
    """
    found = [obj for obj in _objects(text[-_LONGEST:]) if isinstance(obj.get("scores"), dict)]
    if not found:
        raise UnreadableError('there is no JSON object with "scores" in it')
    scores = found[-1]["scores"]
    if len(subjects) == 1:
        return {subjects[0]: _shares(scores, criteria, "scores")}
    return {
        name: _shares(_member(scores, name, "scores"), criteria, f"scores.{name}")
        for name in subjects
    }


def read_object(text: str, key: str) -> dict[str, Any]:
    """Return the last JSON object of a text that has a key.

    Raises:
        UnreadableError: there is none.
    """
    found = [obj for obj in _objects(text[-_LONGEST:]) if key in obj]
    if not found:
        raise UnreadableError(f'there is no JSON object with "{key}" in it')
    return found[-1]


def _shares(scores: Any, criteria: Sequence[Criterion], where: str) -> Shares:
    if not isinstance(scores, dict):
        raise UnreadableError(f"{where} is no JSON object with the points of each item")
    return {c.name: _points(_member(scores, c.name, where), c, where) / c.points for c in criteria}


def _member(mapping: Mapping[str, Any], name: str, where: str) -> Any:
    """Return a member by its name, whose case does not matter."""
    if name in mapping:
        return mapping[name]
    for key, value in mapping.items():
        if key.strip().lower() == name.lower():
            return value
    raise UnreadableError(f"{where} lacks {name!r}")


def _points(value: Any, criterion: Criterion, where: str) -> float:
    most = criterion.points
    number = _number(value, most)
    if number is None or not math.isfinite(number) or not 0 <= number <= most:
        raise UnreadableError(
            f"{where}.{criterion.name} is {str(value)[:40]!r}, expected a number from 0 to {most}"
        )
    return number


def _number(value: Any, most: int) -> float | None:
    """Return a value as points: a number, ``7/10``, or for a question of one point yes or no."""
    if isinstance(value, bool):
        return float(value) if most == 1 else None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e9 else None
    if not isinstance(value, str):
        return None
    word = value.strip().lower()
    if most == 1 and word in _WORDS:
        return _WORDS[word]
    match = _NUMBER.fullmatch(word)
    if match is None or match[2] not in (None, str(most)):
        return None
    return float(match[1])


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Return every outermost JSON object of a text, in order."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        found, end = _decode(decoder, text, at)
        if isinstance(found, dict):
            yield found
        at = text.find("{", end)


def _decode(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    """Return the object that begins at a brace and where it ends; without one, the next place."""
    try:
        return decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    close = text.rfind("}")
    candidate = re.sub(r",(\s*[}\]])", r"\1", text[at : close + 1])
    try:
        return decoder.raw_decode(candidate)[0], close + 1
    except (ValueError, RecursionError):
        return None, at + 1

"""Tool calls in a text against reference calls, as ToolRL scores them (arXiv 2504.13958).

The score follows the released reward function: every switch of it is here, and what depends on the
training step takes the step as an argument. A text has the form ::

    <think>...</think>
    <tool_call>
    {"name": "weather", "parameters": {"city": "Oslo"}}
    </tool_call>

with one JSON object a line, and ``<response>...</response>`` instead of or behind the calls.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from agentrl.errors import UsageError

Call = Mapping[str, Any]
"""``name``, a text, and ``parameters``, a mapping."""

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_SAY, _SAID = "<response>", "</response>"
_MOST_CHARS = 200_000
"""Longer answers hold no calls: comparing all pairs takes the square of their number."""
_MOST_CALLS = 256


class Detail(StrEnum):
    """How finely a call is compared."""

    FINE = "fine"
    """Names of tools, names of parameters and values, each for itself."""
    INTERMEDIATE = "intermediate"
    """Names of tools, and calls that are right as a whole."""
    COARSE = "coarse"
    """All or nothing."""


class Length(StrEnum):
    """Whether long thoughts are rewarded."""

    OFF = "off"
    FIXED = "fixed"
    """Up to 512 words."""
    SCHEDULED = "scheduled"
    """Up to 384 words at first and 640 at step 105, and on in this line."""


@dataclass(frozen=True, slots=True)
class Match:
    """How much of the reference calls was met."""

    score: float
    """S: similarity of the tools' names, plus what each reference call's best match earns."""
    most: float
    """The largest S there is for these reference calls."""
    exact: bool = False
    """Whether the calls are the same, in the same order."""

    @property
    def share(self) -> float:
        """S over its largest value, from 0 to 1."""
        return 1.0 if self.exact else self.score / self.most


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text says in the way of tool calls."""

    well_formed: bool
    """Whether the parts that the reference has stand in their form and order, once each."""
    expected: bool
    """Whether the reference calls tools at all."""
    parsed: bool
    """Whether the text has calls that can be read."""
    share: float
    """``Match.share``; 0 where nothing can be read or nothing is expected."""
    exact: bool
    words: int | None
    """Words of the thought; None where there is none."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The least and the most that a part of the reward is worth."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """Return the value of a share from 0 to 1."""
        return self.low + (self.high - self.low) * share


@dataclass(frozen=True, slots=True)
class Switches:
    """The variants of ToolRL's reward; as it stands, the one the paper recommends."""

    equal_max: bool = False
    """Correctness ranges over -1 to 1, as format does, and not over -3 to 3."""
    two_stage: bool = False
    """Correctness counts a third before step 30, and format half from then on."""
    schedule: bool = False
    """Over 150 steps correctness grows from 2 to 3 and format shrinks from 2 to 1."""
    length: Length = Length.OFF
    """Long thoughts earn up to 1."""


def facts(
    text: str, reference: str, *, detail: Detail = Detail.FINE, strict: bool = False
) -> Facts:
    """Return what a text says compared with a reference text.

    Args:
        text: an answer of a model.
        reference: a right answer; its thought is of no matter.
        detail: how finely calls are compared.
        strict: names must be the same in the same order, or they count nothing (ToolRL's
            "refined" reward).

    Raises:
        UsageError: the reference has calls that cannot be read.
    """
    wanted = reference_calls(reference)
    given = read_calls(text) if wanted else None
    found = match(wanted, given, detail=detail, strict=strict) if given is not None else None
    return Facts(
        well_formed=well_formed(text, calls=bool(wanted), response=_SAY in reference),
        expected=bool(wanted),
        parsed=given is not None,
        share=found.share if found else 0.0,
        exact=found.exact if found else not wanted and _OPEN not in text,
        words=_thought_words(text),
    )


def reference_calls(reference: str) -> tuple[Call, ...]:
    """Return the calls of a reference text; none where it calls no tool.

    Raises:
        UsageError: they cannot be read.
    """
    if _OPEN not in reference:
        return ()
    calls = read_calls(reference)
    if calls is None:
        raise UsageError(
            f"the reference {reference[:80]!r} has no calls that can be read, expected a line "
            f'{{"name": ..., "parameters": {{...}}}} for each between {_OPEN} and {_CLOSE}'
        )
    return calls


def read_calls(text: str) -> tuple[Call, ...] | None:
    """Return the calls in the first block of calls; None where it cannot be read whole."""
    if _OPEN not in text or _CLOSE not in text or len(text) > _MOST_CHARS:
        return None
    block = text.split(_OPEN)[1].split(_CLOSE)[0].strip()
    lines = block.split("\n")
    if len(lines) > _MOST_CALLS:
        return None
    try:
        calls = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None
    return tuple(calls) if all(map(_is_call, calls)) else None


def match(
    wanted: Sequence[Call],
    given: Sequence[Call],
    *,
    detail: Detail = Detail.FINE,
    strict: bool = False,
) -> Match:
    """Return how much of the reference calls is met.

    S is the overlap of the tools' names (intersection over union, with multiplicity), plus for
    each reference call the best of the given calls of its name that is still unused: the overlap
    of the names of its parameters plus the number of equal values. At most S is 1 plus, for each
    reference call, 1 and the number of its parameters.

    Values are compared as Python compares them: ``1``, ``1.0`` and ``true`` are equal.
    """
    most = 1.0 + sum(_most(call, detail) for call in wanted)
    if list(wanted) == list(given):
        return Match(most, most, exact=True)
    if detail is Detail.COARSE:
        return Match(0.0, most)
    names = [[call["name"] for call in calls] for calls in (wanted, given)]
    score = similarity(names[0], names[1], strict=strict)
    unused = list(given)
    for call in wanted:
        best, worth = None, 0.0
        for index, candidate in enumerate(unused):
            if candidate["name"] == call["name"]:
                earned = _worth(call, candidate, detail, strict)
                if earned > worth:
                    best, worth = index, earned
        if best is not None:
            del unused[best]
            score += worth
    return Match(score, most)


def similarity(wanted: Sequence[str], given: Sequence[str], *, strict: bool = False) -> float:
    """Return the intersection over the union of two lists, with multiplicity; equal ones give 1.

    >>> similarity(["a", "a", "b"], ["a", "c"])
    0.25
    """
    if list(wanted) == list(given):
        return 1.0
    if strict or not wanted or not given:
        return 0.0
    shared = (Counter(wanted) & Counter(given)).total()
    return shared / (len(wanted) + len(given) - shared)


def well_formed(text: str, *, calls: bool, response: bool) -> bool:
    """Return whether a text is a thought, then calls and a response as asked for, and no more."""
    parts = [r"<think>.*?</think>"]
    once: list[str] = []
    if calls:
        parts.append(rf"{_OPEN}\n.*?\n{_CLOSE}")
        once += [_OPEN, _CLOSE]
    if response:
        parts.append(rf"{_SAY}.*?{_SAID}")
        once += [_SAY, _SAID]
    if len(text) > _MOST_CHARS or any(text.count(mark) != 1 for mark in once):
        return False
    return re.search("^" + r"\n".join(parts) + "$", text, re.DOTALL) is not None


def reward(found: Facts, switches: Switches = Switches(), step: int = 0) -> float:
    """Return ToolRL's reward: format, correctness and, where asked for, length."""
    return (
        format_scale(switches, step).at(float(found.well_formed))
        + correctness(found, switches, step)
        + length_reward(found.words, switches.length, step)
    )


def correctness(found: Facts, switches: Switches = Switches(), step: int = 0) -> float:
    """Return 6 S / S_max - 3: 3 for equal calls, -3 for none that can be read.

    Where the reference calls no tool it is 0, whatever the text does.
    """
    if not found.expected:
        return 0.0
    return correctness_scale(switches, step).at(found.share)


def correctness_scale(switches: Switches, step: int) -> Scale:
    """Return the range of correctness at a training step."""
    scale = Scale(-1.0, 1.0) if switches.equal_max else Scale(-3.0, 3.0)
    if switches.two_stage and step < 30:
        scale = Scale(scale.low / 3, scale.high / 3)
    if switches.schedule:
        high = (scale.high - 2) * step / 150 + 2
        low = (scale.low + 2) * step / 150 - 2
        scale = Scale(max(low, -3.0), min(high, 3.0))
    return scale


def format_scale(switches: Switches, step: int) -> Scale:
    """Return the range of format at a training step; with a schedule it goes below 0."""
    scale = Scale(0.0, 1.0)
    if switches.two_stage and step >= 30:
        scale = replace(scale, high=scale.high / 2)
    if switches.schedule:
        high = 2 - (2 - scale.high) * step / 150
        low = -2 + (2 + scale.low) * step / 150
        scale = Scale(min(low, -1.0), max(high, 1.0))
    return scale


def length_reward(words: int | None, length: Length, step: int = 0) -> float:
    """Return what a thought's length earns, from 0 to 1, to two decimals."""
    if length is Length.OFF or words is None:
        return 0.0
    most = 384 + (640 - 384) * step / 105 if length is Length.SCHEDULED else 512
    return min(round(words / most, 2), 1.0)


def _is_call(call: Any) -> bool:
    return (
        isinstance(call, dict)
        and isinstance(call.get("name"), str)
        and isinstance(call.get("parameters"), dict)
    )


def _most(call: Call, detail: Detail) -> float:
    return 1.0 if detail is Detail.INTERMEDIATE else 1.0 + len(call["parameters"])


def _worth(wanted: Call, given: Call, detail: Detail, strict: bool) -> float:
    if detail is Detail.INTERMEDIATE:
        return float(wanted == given)
    right, theirs = wanted["parameters"], given["parameters"]
    equal = sum(bool(key in theirs and theirs[key] == value) for key, value in right.items())
    return similarity(list(right), list(theirs), strict=strict) + equal


def _thought_words(text: str) -> int | None:
    if "<think>" not in text or "</think>" not in text:
        return None
    return len(text.split("<think>")[-1].split("</think>")[0].split())

"""Labels by subgoals: steps on the way that can be told from the record."""

import re
from collections import Counter
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.model import ModelSpec
from agentrl.suite.section import Section

SUBGOAL_NAME = r"^[A-Za-z0-9][\w.-]{0,63}$"
"""What a subgoal may be called: it becomes part of a fact's name."""


class PredicateSpec(Section):
    """Something that holds for a turn or does not: exactly one of pattern, fact and judge."""

    name: str = Field(pattern=SUBGOAL_NAME)
    """Names the fact ``<label>/<name>``."""
    text: str = ""
    """What it means, in words; a judge and a second attempt are told it."""
    pattern: str | None = None
    """A regular expression (Python's) that is found in the text ``inside``."""
    inside: Literal["result", "observation", "action"] = "result"
    """Where: in what the action led to, in what was seen before it, or in the action."""
    fact: str | None = None
    """A signal of the turn, held against ``at_least`` or ``at_most``."""
    at_least: float | None = None
    """Holds from this number on."""
    at_most: float | None = None
    """Holds up to this number."""
    judge: bool = False
    """Let the label's ``judge`` decide by ``text``, for each turn anew (CALM)."""
    tasks: str = "*"
    """Ids of the tasks that it belongs to: a name with ``*`` and ``?``."""

    @model_validator(mode="after")
    def _one_kind(self) -> "PredicateSpec":
        if sum((self.pattern is not None, self.fact is not None, self.judge)) != 1:
            raise ValueError(f"{self.name!r} needs exactly one of 'pattern', 'fact' and 'judge'")
        bounds = (self.at_least is not None) + (self.at_most is not None)
        if bounds != (self.fact is not None):
            raise ValueError(f"{self.name!r}: 'fact' goes with one of 'at_least' and 'at_most'")
        if self.judge and not self.text:
            raise ValueError(f"{self.name!r} is judged by its 'text', which is missing")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as exc:
                raise ValueError(
                    f"{self.name!r}: pattern {self.pattern!r} is no regular expression: {exc}"
                ) from None
        return self


class InvariantSpec(PredicateSpec):
    """What must never, or always, hold; once it is broken, no later subgoal counts (as the
    invariants of TGPO, arXiv 2510.00225, end what a plan is worth)."""

    mode: Literal["never", "always"] = "never"
    """``never``: broken by a turn for which it holds; ``always``: by one for which it does not."""


class TeacherSpec(Section):
    """A model that names the subgoals of each task, once (Words as Beacons, arXiv 2410.08632)."""

    model: ModelSpec
    """Who is asked."""
    most: int = Field(5, ge=1, le=20)
    """Most subgoals of a task."""
    by: Literal["pattern", "judge"] = "pattern"
    """How it is told that one is reached: by a pattern that the teacher writes, or by the label's
    ``judge`` (CALM)."""
    about: str = ""
    """What the teacher is told about the world, beside the first observation."""
    max_tokens: PositiveInt = 1024
    """Longest answer, in tokens."""
    timeout_s: PositiveFloat = 120.0
    """Longest wait for an answer."""
    retries: int = Field(2, ge=0)
    """How often an answer that cannot be used is asked for again."""


class VerdictSpec(Section):
    """A model that says for each turn which subgoals it has reached (CALM)."""

    model: ModelSpec
    """Who is asked."""
    max_tokens: PositiveInt = 512
    """Longest answer, in tokens."""
    timeout_s: PositiveFloat = 120.0
    """Longest wait for an answer."""
    retries: int = Field(2, ge=0)
    """How often an unreadable answer is asked for again."""
    concurrency: PositiveInt = 16
    """Most questions under way at a time."""


class SubgoalsLabelSpec(Section):
    """Facts about the subgoals that each turn is the first to reach."""

    kind: Literal["subgoals"]
    subgoals: tuple[PredicateSpec, ...] = ()
    """The subgoals, in order."""
    ordered: bool = False
    """Whether each counts only after all before it; one turn may reach several."""
    invariants: tuple[InvariantSpec, ...] = ()
    """What must not break on the way."""
    teacher: TeacherSpec | None = None
    """Names further subgoals, task by task; they come after those given here."""
    judge: VerdictSpec | None = None
    """Decides where nothing else does."""

    @model_validator(mode="after")
    def _consistent(self) -> "SubgoalsLabelSpec":
        if not self.subgoals and self.teacher is None:
            raise ValueError("give 'subgoals', a 'teacher' that names them, or both")
        given = [*self.subgoals, *self.invariants]
        twice = [
            name for (name, _), n in Counter((p.name, p.tasks) for p in given).items() if n > 1
        ]
        if twice or any(p.name == "broken" for p in given):
            raise ValueError(
                f"{(twice or ['broken'])[0]!r} cannot be a name here: each needs one of its own, "
                f"and 'broken' is the fact about invariants"
            )
        teaches = self.teacher is not None and self.teacher.by == "judge"
        if self.judge is None and (teaches or any(p.judge for p in given)):
            raise ValueError("something is to be judged, but no 'judge' is given")
        return self

"""Questions about one number of an episode."""

from typing import Literal

from pydantic import model_validator

from agentrl.suite.section import Section

Reduce = Literal["sum", "mean", "min", "max", "first", "last"]
"""How the values of a turn's fact become one number."""


class ConditionSpec(Section):
    """A question about one number of an episode. What is not stated does not hold."""

    fact: str | None = None
    """A result of the outcome, a signal of the turns, or a meter such as ``meter/usd``."""
    term: str | None = None
    """A term instead: its values after transforms, without its weight, summed over the turns."""
    reduce: Reduce = "last"
    """How a signal's values become one number."""
    at_least: float | None = None
    """Holds from this number on."""
    above: float | None = None
    """Holds above this number."""
    at_most: float | None = None
    """Holds up to this number."""
    below: float | None = None
    """Holds below this number."""

    @model_validator(mode="after")
    def _one_question(self) -> "ConditionSpec":
        if (self.fact is None) == (self.term is None):
            raise ValueError("a condition is about one 'fact' or one 'term'")
        given = [
            name
            for name in ("at_least", "above", "at_most", "below")
            if self.bound(name) is not None
        ]
        if len(given) != 1:
            raise ValueError("a condition has one of 'at_least', 'above', 'at_most' and 'below'")
        return self

    def bound(self, name: str) -> float | None:
        """Return one of the four bounds."""
        value: float | None = getattr(self, name)
        return value

    @property
    def subject(self) -> str:
        """What the condition is about."""
        return self.term or self.fact or ""

    def holds(self, value: float | None) -> bool:
        """Return whether the condition holds for a value; for one that is not known it does not."""
        if value is None:
            return False
        if self.at_least is not None:
            return value >= self.at_least
        if self.above is not None:
            return value > self.above
        if self.at_most is not None:
            return value <= self.at_most
        return self.below is not None and value < self.below

    def __str__(self) -> str:
        signs = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
        parts = (
            f"{sign} {self.bound(n):g}" for n, sign in signs.items() if self.bound(n) is not None
        )
        return f"{self.subject} {next(parts)}"


SUCCESS = ConditionSpec(fact="success", at_least=1.0)
"""That the task was solved."""

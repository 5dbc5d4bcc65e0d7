"""A label of kind ``tournament``: the episodes of a group are compared and ranked."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from agentrl.suite.reward.condition import Reduce
from agentrl.suite.reward.judge import JudgeSpec
from agentrl.suite.section import Section

Scheme = Literal[
    "single_elimination",
    "double_elimination",
    "swiss",
    "round_robin",
    "anchor",
    "bootstrapped_reference",
]
"""Who meets whom."""


class FactorSpec(Section):
    """One factor of a lexicographic rule (HERON, arXiv 2309.02632)."""

    fact: str
    """A result of the outcome, a signal of the turns, or a meter such as ``meter/usd``."""
    margin: float = Field(0.0, ge=0)
    """The factor decides where the difference exceeds this."""
    better: Literal["higher", "lower"] = "higher"
    """Which of two values is the better one."""
    reduce: Reduce = "last"
    """How a signal's values become one number; a result of the outcome is one already."""
    missing: float | None = None
    """The value where an episode does not state it; None: such an episode cannot be compared."""


class TournamentLabelSpec(Section):
    """Compare the episodes of a group, by a judge or by a rule, and rank them."""

    kind: Literal["tournament"] = "tournament"
    scheme: Scheme = "single_elimination"
    """Who meets whom."""
    judge: JudgeSpec | None = None
    """Lets a model compare, each pair in both orders."""
    rule: tuple[FactorSpec, ...] | None = Field(None, min_length=1)
    """Compares by facts instead, the first factor first: costs nothing."""
    seed: int = 0
    """Decides who is the reference and who meets whom at first."""
    rounds: PositiveInt | None = None
    """Rounds of ``swiss``; None: the smallest number that leaves one unbeaten."""
    tries: PositiveInt = 2
    """How often a comparison without a result is made before the match is left without it."""

    @model_validator(mode="after")
    def _one_comparison(self) -> "TournamentLabelSpec":
        if (self.judge is None) == (self.rule is None):
            raise ValueError("give one of 'judge' and 'rule'")
        if self.rounds is not None and self.scheme != "swiss":
            raise ValueError(f"'rounds' goes with scheme swiss, not with {self.scheme}")
        return self

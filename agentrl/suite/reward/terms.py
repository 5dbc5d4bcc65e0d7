"""What a reward is made of: named terms, each with a level, transforms and a weight."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    model_validator,
)

from agentrl.suite.reward.condition import Reduce
from agentrl.suite.reward.transforms import TransformSpec
from agentrl.suite.section import Section


class _Term(Section):
    """What every term has."""

    weight: float = 1.0
    """Its value times this is what it adds to the reward."""
    level: NonNegativeInt = 0
    """Priority: a gate may only ask about terms of a smaller level than those that it closes."""
    transforms: tuple[TransformSpec, ...] = ()
    """What is done to its values, in order."""
    discount: float = Field(1.0, gt=0, le=1)
    """Its values shrink by this factor with each turn of the episode: quicker is better."""


class FactTerm(_Term):
    """A fact that the environment, the meter or a label states."""

    kind: Literal["fact"] = "fact"
    fact: str | None = None
    """Name of the result or signal, or ``meter/...``; None: the term's own name. Where a result
    and a signal share the name the result counts."""
    reduce: Reduce | None = None
    """Turns a signal into one number for the episode, earned on the last turn; None: every turn
    earns its own."""


class LadderTerm(_Term):
    """An ordered outcome: how many of some results were reached, one after the other."""

    kind: Literal["ladder"] = "ladder"
    rungs: tuple[str, ...] = Field(min_length=1)
    """Results (or signals of any turn), the easiest first; one counts if it is at least 1 and all
    before it do."""
    values: tuple[float, ...]
    """What no rung, one, two, ... are worth: one number more than there are rungs."""

    @model_validator(mode="after")
    def _a_value_a_rung(self) -> "LadderTerm":
        if len(self.values) != len(self.rungs) + 1:
            raise ValueError(
                f"{len(self.rungs)} rungs need {len(self.rungs) + 1} values, the first for none, "
                f"got {len(self.values)}"
            )
        if list(self.values) != sorted(self.values):
            raise ValueError("'values' must not fall from one rung to the next")
        return self


class WeightingSpec(Section):
    """How much each check counts; the weights of a task's checks sum to 1."""

    kind: Literal["equal", "given", "inverse_rate"] = "equal"
    """All alike; as ``given``; or the more the fewer pass it, and the fewer others are like it
    (VeRPO, arXiv 2601.03525)."""
    given: dict[str, NonNegativeFloat] = {}
    """For ``given``: weight of each check by name; 1 for one without."""
    difficulty: dict[str, NonNegativeFloat] = {}
    """Factor on what the checks of a task earn, by the task's group; 1 for a group without
    (RewardMap, arXiv 2510.02240)."""
    rates: Literal["group", "running"] = "group"
    """Where pass rates come from: the turns of the group, or the whole training so far."""
    alpha: NonNegativeFloat = 2.0
    """How much rare passes count; ours, the paper's is not known."""
    sigma: PositiveFloat = 0.1
    """How near two pass rates are to be alike; ours, the paper's is not known."""
    delta: PositiveFloat = 0.001
    """Keeps the weight finite; ours, the paper's is not known."""


class ChecksTerm(_Term):
    """Partial credit: the weighted share of checks that pass."""

    kind: Literal["checks"] = "checks"
    checks: str
    """Pattern of the checks' facts, such as ``test_*``; each is from 0 to 1."""
    of: Literal["turn", "episode"] = "turn"
    """Whether each turn earns by its own signals, or the episode by its outcome."""
    weighting: WeightingSpec = WeightingSpec()


class PatternTerm(_Term):
    """Milestones: texts that show how far a turn has come, each counted once an episode."""

    kind: Literal["pattern"] = "pattern"
    patterns: dict[str, str] = Field(min_length=1)
    """Regular expressions by the milestone's name."""
    reads: Literal["observation", "action"] = "observation"
    """Where it is looked for: in what the environment answered to the turn, or in what the agent
    did (which it can write at will)."""


class EnsembleTerm(_Term):
    """Several scorers of one thing, of which none is trusted alone."""

    kind: Literal["ensemble"] = "ensemble"
    facts: tuple[str, ...] = Field(min_length=1)
    """The scorers' facts."""
    how: Literal["mean", "min", "lower", "blend"] = "mean"
    """``lower``: mean - ``coefficient`` * variance (UWO, arXiv 2310.02743); ``min``: the worst
    case (WCO, the same); ``blend``: (1 - coefficient) * mean + coefficient * min (arXiv
    2409.15360)."""
    coefficient: NonNegativeFloat = 0.5
    """For ``lower`` and ``blend``."""

    @model_validator(mode="after")
    def _a_share(self) -> "EnsembleTerm":
        if self.how == "blend" and self.coefficient > 1:
            raise ValueError(f"with 'blend' the coefficient is a share, got {self.coefficient:g}")
        return self


def _written_out(given: Any) -> Any:
    """Return a term with what may be left out: a number is a fact's weight, and facts are usual."""
    if isinstance(given, Mapping):
        return given if "kind" in given else {"kind": "fact", **given}
    if isinstance(given, int | float) and not isinstance(given, bool):
        return {"kind": "fact", "weight": given}
    if isinstance(given, Section):
        return given
    raise ValueError("expected a weight, which is a number, or a mapping such as {weight: 1}")


TermSpec = Annotated[
    Annotated[
        FactTerm | LadderTerm | ChecksTerm | PatternTerm | EnsembleTerm,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_written_out),
]

"""What may close, scale or replace terms."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from agentrl.suite.reward.condition import SUCCESS, ConditionSpec, Reduce
from agentrl.suite.section import Section


class _Governs(Section):
    """Which terms a gate governs."""

    closes: tuple[str, ...] = ()
    """Terms and costs, by name."""
    level: PositiveInt | None = None
    """Every term from this level on, beside those named."""

    @model_validator(mode="after")
    def _governs_something(self) -> "_Governs":
        if not self.closes and self.level is None:
            raise ValueError("a gate needs 'closes' (names) or 'level' (from which level on)")
        return self


class ZeroGate(_Governs):
    """Lower terms count only where a higher one is good enough: G-RA (arXiv 2508.10548)."""

    mode: Literal["zero"] = "zero"
    when: ConditionSpec
    """The gate is open where this holds; else what it governs is 0."""


class OnSuccessGate(_Governs):
    """Lower terms count only in solved episodes: Posterior-GRPO (arXiv 2508.05170)."""

    mode: Literal["on_success"] = "on_success"
    when: ConditionSpec = SUCCESS
    """What counts as solved."""


class MultiplyGate(_Governs):
    """Terms are scaled by factors: CaRL's penalties (arXiv 2504.17838)."""

    mode: Literal["multiply"] = "multiply"
    penalties: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    """Factor for each fact that is at least 1 in the outcome or on any turn."""
    each: bool = False
    """Apply a penalty once for every turn on which its signal is at least 1."""
    by: str | None = None
    """A fact from 0 to 1 whose value is a factor itself; not stated, it is 0."""
    reduce: Reduce = "mean"
    """How the signal ``by`` becomes one number."""

    @model_validator(mode="after")
    def _has_factors(self) -> "MultiplyGate":
        if not self.penalties and self.by is None:
            raise ValueError("'multiply' needs 'penalties', 'by' or both")
        return self


class CalibrateGate(_Governs):
    """Process terms are shifted by the outcome, so that its sign is theirs: ReNorm (arXiv
    2509.25598), ``r_t = process_t + outcome - beta`` on every turn but the last."""

    mode: Literal["calibrate"] = "calibrate"
    by: str
    """The term with the outcome, from 0 to 1."""
    beta: float = 1.0
    """What an outcome must reach for the process terms to be kept as they are."""


class OverrideGate(Section):
    """The whole reward of an episode is one number: a format failure in Router-R1 (arXiv
    2506.09033)."""

    mode: Literal["override"] = "override"
    when: ConditionSpec
    """Where this holds, nothing else counts, costs included."""
    value: float = -1.0
    """The reward, earned on the last turn."""


class GroupGate(_Governs):
    """Terms count only in groups that mostly succeed: GRPO-lambda (arXiv 2505.18086)."""

    mode: Literal["group"] = "group"
    share: float | None = Field(None, gt=0, le=1)
    """The best groups by success, as a share of the batch (at least one, ties included)."""
    at_least: NonNegativeFloat | None = None
    """Or: groups whose success rate is at least this."""
    fact: str = "success"
    """Result whose mean over the group decides."""

    @model_validator(mode="after")
    def _one_rule(self) -> "GroupGate":
        if (self.share is None) == (self.at_least is None):
            raise ValueError("a 'group' gate has either 'share' or 'at_least'")
        return self


GateSpec = Annotated[
    ZeroGate | OnSuccessGate | MultiplyGate | CalibrateGate | OverrideGate | GroupGate,
    Field(discriminator="mode"),
]

"""What an episode costs, and what that does to its reward."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.reward.condition import SUCCESS, ConditionSpec
from agentrl.suite.section import Section

Share = Annotated[float, Field(ge=0, le=1)]


class _Metered(Section):
    """What is measured, and in which episodes it counts."""

    meter: str = "meter/tokens_out"
    """A meter (``meter/tokens_in``, ``meter/tokens_out``, ``meter/tokens``, ``meter/usd``,
    ``meter/seconds``, ``meter/turns``, ``meter/calls``) or any other fact; its sum over the
    episode is the cost."""
    only_if: ConditionSpec | Literal["always"] = SUCCESS
    """Where it counts; ``always``: in every episode, also a wrong one that was cheap."""


class PlainCost(_Metered):
    """``-weight * cost``."""

    kind: Literal["plain"] = "plain"
    weight: NonNegativeFloat
    """Reward that one unit costs."""
    most: NonNegativeFloat | None = None
    """Most that is taken off; None: no limit."""


class LinearCost(_Metered):
    """A share of the reward goes to being cheap: Router-R1 (arXiv 2506.09033).

    ``(1 - alpha) * reward + alpha * (1 - clip((s(c) - P_low) / (P_high - P_low), 0, 1))``, with
    percentiles of the costs of the last episodes; where these do not differ the cheapness is 0.5.
    """

    kind: Literal["linear"] = "linear"
    alpha: Share = 0.6
    """The share."""
    scale: Literal["none", "sqrt", "log"] = "sqrt"
    """s: applied to costs first; ``log`` is log(1 + c)."""
    window: PositiveInt = 1000
    """How many episodes are remembered."""
    low: float = Field(5.0, ge=0, le=100)
    """Percentile that counts as cheap."""
    high: float = Field(95.0, ge=0, le=100)
    """Percentile that counts as dear."""

    @model_validator(mode="after")
    def _in_order(self) -> "LinearCost":
        if self.low >= self.high:
            raise ValueError(f"'low' {self.low:g} is not below 'high' {self.high:g}")
        return self


class StepCost(_Metered):
    """A bonus for staying within a target: LASER (arXiv 2505.15612)."""

    kind: Literal["step"] = "step"
    bonus: NonNegativeFloat = 0.5
    """Reward for staying within it."""
    target: PositiveFloat
    """The target; with ``per_difficulty``, until a difficulty has been seen."""
    per_difficulty: bool = False
    """Re-estimate a target for hard, medium and easy tasks each (LASER-D)."""
    quantile: Share = 0.5
    """With ``per_difficulty``: the target is this quantile of what solved episodes of the
    difficulty cost; ours, the paper's estimate is another."""
    bounds: tuple[Share, Share] = (1 / 3, 2 / 3)
    """Success rates of a group that separate hard, medium and easy."""
    window: PositiveInt = 200
    """With ``per_difficulty``: how many solved episodes of each are remembered."""


class BudgetCost(_Metered):
    """A bonus by a budget that shrinks while training: Train Long, Think Short (arXiv
    2508.08940)."""

    kind: Literal["budget"] = "budget"
    bonus: NonNegativeFloat = 0.5
    """Reward for a cost at the budget."""
    start: PositiveFloat
    """The budget at first."""
    end: PositiveFloat
    """The budget from step ``steps`` on."""
    steps: PositiveInt
    """How many steps it shrinks for."""
    decay: Literal["linear", "exponential"] = "exponential"
    """How it shrinks."""
    shape: Literal["triangle", "plateau"] = "triangle"
    """``triangle``: the bonus rises up to the budget and falls to 0 at twice the budget, so that
    room is used while there is; ``plateau``: it is whole below the budget."""


class RatioCost(Section):
    """The reward is scaled by the share of actions that did something: WMAct (arXiv 2511.23476)."""

    kind: Literal["ratio"] = "ratio"
    effective: str = "grounded"
    """Signal that is at least 1 on a turn that changed the world."""
    only_if: ConditionSpec | Literal["always"] = "always"
    """Where it counts."""


class DeviationCost(_Metered):
    """The reward shrinks with how far above the group's solved episodes the cost is: the length
    term of GRPO-lambda (arXiv 2505.18086), ``reward * (1 - alpha * sigmoid(z))``."""

    kind: Literal["deviation"] = "deviation"
    alpha: Share = 0.6
    """How much the dearest lose; 0.6 is from a third party's code, not from the paper."""


CostSpec = Annotated[
    PlainCost | LinearCost | StepCost | BudgetCost | RatioCost | DeviationCost,
    Field(discriminator="kind"),
]

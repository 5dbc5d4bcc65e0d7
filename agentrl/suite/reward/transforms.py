"""How the values of a term are bounded, centred and reshaped, before gates and weights."""

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.section import Section


class ScaleSpec(Section):
    """``factor * value + offset``."""

    kind: Literal["scale"] = "scale"
    factor: float = 1.0
    """Multiplies each value."""
    offset: float = 0.0
    """Is added to each value."""


class ClipSpec(Section):
    """Keep values within bounds."""

    kind: Literal["clip"] = "clip"
    low: float | None = None
    """Least value; None: none."""
    high: float | None = None
    """Largest value; None: none."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "ClipSpec":
        if self.low is None and self.high is None:
            raise ValueError("'clip' needs 'low', 'high' or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"'low' {self.low:g} is above 'high' {self.high:g}")
        return self


class CapSpec(Section):
    """``min(value - eta, 0)``: the Clip of arXiv 2410.15115, under which repeating a good step
    earns nothing."""

    kind: Literal["cap"] = "cap"
    eta: float = 0.5
    """What a value must reach to cost nothing. The paper's figure is not known; 0.5 is ours."""


class DeltaSpec(Section):
    """``v_t - v_(t+1)``: the Delta of arXiv 2410.15115, whose sum from any turn on is that turn's
    value. The last turn but one keeps its own, the last earns nothing."""

    kind: Literal["delta"] = "delta"


class DifferenceSpec(Section):
    """``v_t - v_(t-1)``: what a turn added to a value (MRT, arXiv 2503.07572; VSRM)."""

    kind: Literal["difference"] = "difference"
    start: float = 0.0
    """The value before the first turn."""


class PotentialSpec(Section):
    """``gamma * v_t - v_(t-1)`` with 0 at the end: shaping that leaves the ordering of policies as
    it is (Ng, Harada and Russell, 1999)."""

    kind: Literal["potential"] = "potential"
    gamma: float = Field(1.0, gt=0, le=1)
    """Discount of the task."""
    start: float = 0.0
    """The potential before the first turn."""


class _Centred(Section):
    """What a centred transform is centred on."""

    steepness: PositiveFloat = 1.0
    """Factor on the difference from the reference."""
    reference: Literal["constant", "group_mean", "percentile", "samples"] = "constant"
    """What a value is compared with: ``centre``, the mean of the group, a percentile of the last
    ``window`` values, or each of the task's first ``samples`` values, which the
    policy drew before it learnt (PAR's reference answers). Where the training has none of these
    yet, the values of the group stand in."""
    centre: float = 0.0
    """For reference ``constant``."""
    percentile: float = Field(85.0, ge=0, le=100)
    """For reference ``percentile``."""
    window: PositiveInt = 1000
    """For reference ``percentile``: how many values are remembered; a term that every turn states
    has as many as turns."""
    samples: PositiveInt = 10
    """For reference ``samples``: how many of a task are kept."""


class SigmoidSpec(_Centred):
    """``sigmoid(steepness * (value - reference))``, averaged over the references: PAR (arXiv
    2502.18770)."""

    kind: Literal["sigmoid"] = "sigmoid"


class LogSigmoidSpec(_Centred):
    """``log sigmoid(steepness * (value - reference))``: the sum of several is the log-probability
    that all are good (arXiv 2402.00742)."""

    kind: Literal["log_sigmoid"] = "log_sigmoid"


class ZScoreSpec(Section):
    """Less the group's mean, over its standard deviation; 0 where nothing differs."""

    kind: Literal["zscore"] = "zscore"


class TiersSpec(Section):
    """Values that grow in steps: SSL's tiers, which keep the order and amplify the top."""

    kind: Literal["tiers"] = "tiers"
    tiers: tuple[tuple[float, float], ...] = Field(min_length=1)
    """Pairs of a threshold and the value from it on, both ascending; below the first it is 0. A
    first tier below 0 is an error, because falling short of it would be worth more."""

    @model_validator(mode="after")
    def _ascending(self) -> "TiersSpec":
        for (low, small), (high, large) in pairwise(((-math.inf, 0.0), *self.tiers)):
            if low >= high or small > large:
                raise ValueError(
                    f"tiers must ascend in threshold and value, got {[low, small]} before "
                    f"{[high, large]}"
                )
        return self


TransformSpec = Annotated[
    ScaleSpec
    | ClipSpec
    | CapSpec
    | DeltaSpec
    | DifferenceSpec
    | PotentialSpec
    | SigmoidSpec
    | LogSigmoidSpec
    | ZScoreSpec
    | TiersSpec,
    Field(discriminator="kind"),
]

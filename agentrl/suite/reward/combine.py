"""How a turn's terms become its reward."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from agentrl.suite.section import Section


class SumSpec(Section):
    """The sum of weighted terms."""

    kind: Literal["sum"] = "sum"


class ProductSpec(Section):
    """The product of the weighted terms that a turn states."""

    kind: Literal["product"] = "product"


class GeometricSpec(Section):
    """The geometric mean of the weighted terms that a turn states, negative if any is (the
    combination of Lucy-SKG, arXiv 2305.15801)."""

    kind: Literal["geometric"] = "geometric"


class ConstraintSpec(Section):
    """A term that shall reach a threshold, with a weight that is learnt."""

    at_least: float | None = None
    """Its mean over episodes shall not be below this."""
    at_most: float | None = None
    """Or: shall not be above this."""
    rate: PositiveFloat = 0.05
    """Change of the multiplier for a violation of 1."""
    start: NonNegativeFloat = 0.0
    """The multiplier at first."""
    most: PositiveFloat = 10.0
    """Largest multiplier."""


class LagrangianSpec(Section):
    """The sum of weighted terms, and for each constrained one a multiplier times its distance from
    the threshold (arXiv 2310.04373)."""

    kind: Literal["lagrangian"] = "lagrangian"
    constraints: dict[str, ConstraintSpec] = Field(min_length=1)
    """By the term's name; its own weight still counts, so give 0 to a pure constraint."""


class DynamicSpec(Section):
    """A sum whose weights are learnt (arXiv 2509.11452)."""

    kind: Literal["dynamic"] = "dynamic"
    by: Literal["hypervolume", "gradient"] = "hypervolume"
    """``hypervolume``: the reward is scaled by ``base + gain * tanh(volume)``, by how much the mean
    terms of the batch before push out the front of all before it (which an advantage that is
    divided by a standard deviation cancels); ``gradient``: terms whose advantages agree with the
    whole reward's (an estimate of how their gradients do) gain weight."""
    base: PositiveFloat = 0.5
    """For ``hypervolume``: the factor where nothing was gained."""
    gain: NonNegativeFloat = 1.5
    """For ``hypervolume``: what a gain adds to the factor at most."""
    reference: dict[str, float] = {}
    """For ``hypervolume``: by term, where its volume begins; of others the first batch's mean. A
    term that stays there leaves no volume to any."""
    points: PositiveInt = Field(20, le=50)
    """For ``hypervolume``: most points of the front; those that add the least go first. With eight
    terms, more than 20 take seconds a batch."""
    rate: PositiveFloat = 0.1
    """For ``gradient``: step of the multiplicative update of the weights."""
    floor: NonNegativeFloat = Field(0.05, lt=1)
    """For ``gradient``: least share of a weight."""


CombineSpec = Annotated[
    SumSpec | ProductSpec | GeometricSpec | LagrangianSpec | DynamicSpec,
    Field(discriminator="kind"),
]

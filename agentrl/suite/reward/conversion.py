"""How values of an episode's prefixes become rewards of its turns."""

from typing import Literal

from pydantic import Field, PositiveInt

from agentrl.suite.section import Section

Conversion = Literal["contribution", "difference", "potential", "segment"]
"""How values of prefixes become rewards of turns."""


class ConversionSpec(Section):
    """What a label of values has in common, whoever tells the values."""

    outcome: str = "success"
    """The result that values foretell and that contributions sum to."""
    convert: Conversion = "contribution"
    """``contribution``: changes of value with what is missing to the outcome, so that they sum to
    it (SPA). ``difference``: the change of value (MRT, VSRM). ``potential``: shaping that leaves
    the best policy the best. ``segment``: the value at the end of each segment (Fine-Grained
    RLHF)."""
    residual: Literal["last", "spread", "none"] = "last"
    """For ``contribution``: what is missing to the outcome is borne by the last turn, spread evenly
    over all, or left out. Borne by the last, it keeps wrong values from teaching wrong actions
    where a turn is judged by what is earned from it on."""
    gamma: float = Field(1.0, gt=0, le=1)
    """For ``potential``: the discount, which must be the training's."""
    segment_turns: PositiveInt = 1
    """For ``segment``: turns in a segment; the last one ends with the episode."""
    segment_at: str | None = None
    """For ``segment``: a signal that ends a segment where it is above 0, instead of a number of
    turns."""

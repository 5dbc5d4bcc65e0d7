"""Labels of progress by attempts that go on from each turn."""

from typing import Literal

from pydantic import PositiveInt

from agentrl.suite.reward.conversion import Conversion, ConversionSpec


class RolloutsLabelSpec(ConversionSpec):
    """How far each turn brought the episode: what attempts reach that go on from there.

    Each costs ``attempts`` episodes more for every turn, which are not recorded, and the
    environment must repeat itself when a seed and actions are repeated.
    """

    kind: Literal["rollouts"]
    convert: Conversion = "difference"
    """As for ``progress``; here ``difference`` unless you say otherwise (VSRM, MRT)."""
    attempts: PositiveInt = 4
    """Attempts that go on from a turn; the value is the mean of their results."""
    every: PositiveInt = 1
    """Turns from one valued prefix to the next; in between the value stands still."""

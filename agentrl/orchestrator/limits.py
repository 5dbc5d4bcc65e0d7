"""How large a workflow may be, and how long and how dear its execution."""

from dataclasses import dataclass
from typing import Protocol


class HasLimits(Protocol):
    """Whatever states a workflow's limits, such as the suite's section."""

    @property
    def nodes(self) -> int:
        """Most nodes of a workflow."""

    @property
    def instruction_chars(self) -> int:
        """Longest instruction, in characters."""

    @property
    def usd(self) -> float | None:
        """What an execution may cost before nothing more is begun; None: no limit."""

    @property
    def seconds(self) -> float | None:
        """How long an execution may take; None: no limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one workflow and of its execution; the defaults are our choice."""

    nodes: int = 64
    instruction_chars: int = 8_000
    usd: float | None = None
    seconds: float | None = None

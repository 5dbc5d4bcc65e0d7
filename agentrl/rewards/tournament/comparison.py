"""What a comparison of two episodes is."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agentrl.episode import Episode


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two episodes got when they were held against each other."""

    first: float
    """Points of the first one; more is better."""
    second: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.first) and math.isfinite(self.second)):
            raise ValueError(f"points are finite numbers, got {self.first} and {self.second}")

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(self.first + other.first, self.second + other.second)

    @property
    def gain(self) -> float:
        """By how much the first one is ahead."""
        return self.first - self.second

    @property
    def turned(self) -> "Comparison":
        """The same with the two exchanged."""
        return Comparison(self.second, self.first)


@dataclass(frozen=True, slots=True)
class Compare:
    """How two episodes are compared."""

    ask: Callable[[Episode, Episode], Awaitable[Comparison]]
    """Compares two episodes in the order in which they are given. Raises ``JudgeError`` where no
    result is to be had."""
    both_orders: bool = True
    """Whether the order may matter, as it does to a model that prefers what it reads first: then
    both orders are asked and their points summed."""

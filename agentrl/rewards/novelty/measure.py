"""What every measure of novelty is."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agentrl.rewards.novelty.trail import Trail


class Measure(Protocol):
    """Says how new the steps of a trail are, and remembers trails."""

    def episodic(self, trail: Trail) -> list[float]:
        """Return how new each step is within its episode; 0 where nothing was seen."""

    def overall(self, trail: Trail) -> list[float]:
        """Return how new each step is given what was learned; 0 where nothing was seen."""

    def learn(self, trails: Sequence[Trail]) -> None:
        """Remember trails; their order makes no difference."""

    def memory(self) -> dict[str, Any]:
        """Return what was learned, as plain data."""

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""

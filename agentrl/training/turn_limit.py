"""A limit of turns that follows how many turns episodes take (WMAct, arXiv 2511.23476)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any


class TurnLimit:
    """Every so many steps: halfway from the mean to the most turns seen since the last change.

    An agent that may act for long first explores, and is then asked to need less. The limit never
    rises, because no episode takes more turns than it; it is rounded up.
    """

    def __init__(self, first: int, every: int) -> None:
        """
        Args:
            first: the limit until the first change.
            every: steps between two changes.
        """
        self._every = every
        self._changes = [(1, first)]
        self._episodes = self._total = self._most = 0

    def at(self, step: int) -> int:
        """Return the limit of a step, from 1."""
        return next(limit for since, limit in reversed(self._changes) if since <= max(step, 1))

    def note(self, turns: Sequence[int], step: int) -> None:
        """Learn how many turns a step's episodes took; a change counts from the next step on."""
        self._episodes += len(turns)
        self._total += sum(turns)
        self._most = max(self._most, *turns, 0)
        if step % self._every == 0 and self._most:
            limit = math.ceil((self._total / self._episodes + self._most) / 2)
            self._changes.append((step + 1, limit))
            self._episodes = self._total = self._most = 0

    def state(self) -> dict[str, Any]:
        """Return what was observed and what came of it; JSON values."""
        return {
            "changes": [list(change) for change in self._changes],
            "seen": [self._episodes, self._total, self._most],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._changes = [(since, limit) for since, limit in state["changes"]]
        self._episodes, self._total, self._most = state["seen"]

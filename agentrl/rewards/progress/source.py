"""Where a label's values of prefixes come from: a scorer, or rollouts."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agentrl.episode import Episode
from agentrl.errors import UnscoredError
from agentrl.models.scorers.base import ProgressScorer, Values

Found = Values | UnscoredError
"""The values of an episode, or why they cannot be told."""


class ValueSource(Protocol):
    """Tells the value of every prefix of episodes."""

    async def values(self, group: Sequence[Episode]) -> list[Found]:
        """Return the values of each scored episode, or why they cannot be told."""

    async def learn(self, group: Sequence[Episode]) -> None:
        """Learn from scored episodes, where the source learns."""

    def memory(self) -> dict[str, Any]:
        """Return what learning changed, as plain data."""

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""

    async def close(self) -> None:
        """Give back what it took."""


class Scored:
    """Values by a scorer, which works on a thread of its own.

    Args:
        scorer: fitted.
        update: whether it learns.
    """

    def __init__(self, scorer: ProgressScorer, *, update: bool) -> None:
        self._scorer = scorer
        self._update = update

    async def values(self, group: Sequence[Episode]) -> list[Found]:
        """See ``ValueSource.values``."""
        return await asyncio.to_thread(lambda: [self._found(episode) for episode in group])

    async def learn(self, group: Sequence[Episode]) -> None:
        """See ``ValueSource.learn``."""
        if self._update and group:
            await asyncio.to_thread(self._scorer.update, group)

    def memory(self) -> dict[str, Any]:
        """Return what updates changed; a scorer that does not learn is in its folder."""
        return self._scorer.memory() if self._update else {}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``ValueSource.restore``."""
        if self._update and memory:
            self._scorer.restore(memory)

    async def close(self) -> None:
        """Nothing to give back."""

    def _found(self, episode: Episode) -> Found:
        try:
            return self._scorer.score(episode)
        except UnscoredError as exc:
            return exc

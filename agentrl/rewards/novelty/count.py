"""Novelty by counting: one over the root of the number of visits."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentrl.rewards.novelty.trail import Trail, digest

Naming = Callable[[Sequence[str]], list[str]]
"""Gives texts names; texts of equal names are one and the same."""


def by_digest(texts: Sequence[str]) -> list[str]:
    """Name texts by what they say."""
    return [digest(text) for text in texts]


class Counts:
    """A bonus of ``1 / sqrt(n)``, where ``n`` counts visits up to and including this one.

    Within an episode (arXiv 2306.03236 takes this, or whether it is the first visit) or over all
    that was learned, this episode included as far as it went.

    Args:
        capacity: names that are remembered at most. What was not seen longest is forgotten first,
            of that the least visited; if it comes again, it is new.
        naming: what counts as the same.
    """

    def __init__(self, capacity: int, naming: Naming = by_digest) -> None:
        self._capacity = capacity
        self._naming = naming
        self._visits: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._clock = 0
        self._forgotten = 0

    def episodic(self, trail: Trail) -> list[float]:
        """See ``Measure.episodic``."""
        return self._bonuses(trail, {})

    def overall(self, trail: Trail) -> list[float]:
        """See ``Measure.overall``."""
        return self._bonuses(trail, self._visits)

    def learn(self, trails: Sequence[Trail]) -> None:
        """See ``Measure.learn``."""
        self._clock += 1
        visits = Counter(self._naming([text for trail in trails for text in trail.visited]))
        for name, count in visits.items():
            self._visits[name] = self._visits.get(name, 0) + count
            self._seen[name] = self._clock
        surplus = len(self._visits) - self._capacity
        if surplus > 0:
            oldest = sorted(self._visits, key=lambda n: (self._seen[n], self._visits[n], n))
            for name in oldest[:surplus]:
                del self._visits[name], self._seen[name]
            self._forgotten += surplus

    def memory(self) -> dict[str, Any]:
        """See ``Measure.memory``."""
        return {
            "visits": {n: [count, self._seen[n]] for n, count in sorted(self._visits.items())},
            "clock": self._clock,
            "forgotten": self._forgotten,
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Measure.restore``."""
        self._visits = {name: int(count) for name, (count, _) in memory["visits"].items()}
        self._seen = {name: int(seen) for name, (_, seen) in memory["visits"].items()}
        self._clock = int(memory["clock"])
        self._forgotten = int(memory["forgotten"])

    def _bonuses(self, trail: Trail, before: Mapping[str, int]) -> list[float]:
        names = iter(self._naming(trail.visited))
        here: Counter[str] = Counter()
        if trail.start is not None:
            here[next(names)] += 1
        bonuses = []
        for step in trail.steps:
            if step is None:
                bonuses.append(0.0)
                continue
            name = next(names)
            here[name] += 1
            bonuses.append(1 / math.sqrt(before.get(name, 0) + here[name]))
        return bonuses

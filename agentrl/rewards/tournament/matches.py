"""Matches of two episodes: both orders, retries, and what everybody has got so far."""

import statistics
from collections.abc import Mapping, Sequence

from agentrl.episode import Episode
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.together import together
from agentrl.rewards.tournament.comparison import Compare, Comparison

Pair = tuple[str, str]


class Matches:
    """Plays matches between the episodes of a group and remembers every result.

    Args:
        group: the episodes by id.
        compare: how two are compared.
        tries: how often a comparison without a result is asked for.
    """

    def __init__(self, group: Mapping[str, Episode], compare: Compare, tries: int) -> None:
        self._group = group
        self._compare = compare
        self._tries = tries
        self.points: dict[str, list[float]] = {name: [] for name in group}
        """Points of each match that an episode was in and that had a result."""
        self.problems: dict[str, str] = {}
        """The last problem of each episode that was in a match without a result."""
        self.matches = 0
        self.comparisons = 0
        self.contradictions = 0

    async def play(self, pairs: Sequence[Pair]) -> list[Comparison | None]:
        """Play matches at the same time; None where a match has no result."""
        results = await together(self._match(*pair) for pair in pairs)
        for (first, second), result in zip(pairs, results, strict=True):
            if result is not None:
                self.points[first].append(result.first)
                self.points[second].append(result.second)
        return results

    def average(self, name: str) -> float:
        """Return an episode's mean points a match; 0 where it was in none."""
        return statistics.fmean(self.points[name]) if self.points[name] else 0.0

    async def _match(self, first: str, second: str) -> Comparison | None:
        """Return a match's points: the sum of both orders, or twice the one that is known."""
        self.matches += 1
        asked = [self._ask(first, second)]
        if self._compare.both_orders:
            asked.append(self._ask(second, first))
        orders = await together(asked)
        known = [
            order if index == 0 else order.turned
            for index, order in enumerate(orders)
            if order is not None
        ]
        if not known:
            return None
        if len(known) == 2:
            self.contradictions += known[0].gain * known[1].gain < 0
        return known[0] + known[-1] if self._compare.both_orders else known[0]

    async def _ask(self, first: str, second: str) -> Comparison | None:
        for _ in range(self._tries):
            self.comparisons += 1
            try:
                return await self._compare.ask(self._group[first], self._group[second])
            except JudgeError as exc:
                problem = f"{first} and {second} could not be compared: {exc}"
                self.problems[first] = self.problems[second] = problem
        return None

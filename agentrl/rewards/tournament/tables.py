"""Tournaments in which nobody is out: all against all, and Swiss rounds among equals."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from agentrl.rewards.tournament.comparison import Comparison
from agentrl.rewards.tournament.matches import Matches, Pair
from agentrl.rewards.tournament.ranking import Tiers, tiers_by


@dataclass(slots=True)
class _Record:
    score: float = 0.0
    rounds: int = 0
    met: list[str] = field(default_factory=list)
    passed: bool = False
    failures: int = 0

    @property
    def share(self) -> float:
        return self.score / self.rounds if self.rounds else 0.0

    def note(self, won: float) -> None:
        self.score += won
        self.rounds += 1


_Records = dict[str, _Record]


async def round_robin(matches: Matches, names: Sequence[str]) -> Tiers:
    """Let everyone meet everyone, N (N - 1) / 2 matches; order by wins, then by average points.

    A draw is half a win. Matches without a result do not count; who has none at all has no place.
    """
    records = {name: _Record() for name in names}
    pairs = list(combinations(names, 2))
    for pair, result in zip(pairs, await matches.play(pairs), strict=True):
        _note(records, pair, result)
    return tiers_by(
        {name: (records[name].share, matches.average(name)) for name in _placed(records)}
    )


async def swiss(
    matches: Matches, names: Sequence[str], rounds: int | None = None
) -> tuple[Tiers, dict[str, float]]:
    """Play rounds among equals: each meets the next in the table that it has not met.

    With R rounds, N episodes take R * (N // 2) matches; the default, the smallest R with
    2^R >= N, leaves at most one unbeaten. Of an odd number the last that has not yet passed a
    round does so, which counts as a win. The order is by share of wins (a draw is half a win),
    then by the mean share of those that one has met (Buchholz), then by average points. A match
    without a result does not count; who is in two of them plays no more.
    """
    records = {name: _Record() for name in names}
    wanted = rounds if rounds is not None else math.ceil(math.log2(len(names)))
    for _ in range(min(wanted, len(names) - 1)):
        pairs = _next_pairs(records)
        for pair, result in zip(pairs, await matches.play(pairs), strict=True):
            _note(records, pair, result)
    placed = _placed(records)
    tiers = tiers_by(
        {
            name: (records[name].share, _buchholz(records, name), matches.average(name))
            for name in placed
        }
    )
    return tiers, {name: records[name].share for name in placed}


def _note(records: _Records, pair: Pair, result: Comparison | None) -> None:
    first, second = pair
    records[first].met.append(second)
    records[second].met.append(first)
    if result is None:
        records[first].failures += 1
        records[second].failures += 1
        return
    won = 0.5 if result.first == result.second else float(result.first > result.second)
    records[first].note(won)
    records[second].note(1 - won)


def _next_pairs(records: _Records) -> list[Pair]:
    playing = [name for name, record in records.items() if record.failures < 2]
    waiting = sorted(playing, key=lambda name: -records[name].share)  # stable: as they were drawn
    if len(waiting) % 2:
        last = next((n for n in reversed(waiting) if not records[n].passed), waiting[-1])
        waiting.remove(last)
        records[last].passed = True
        records[last].note(1.0)
    pairs: list[Pair] = []
    while waiting:
        first = waiting.pop(0)
        second = next((n for n in waiting if n not in records[first].met), waiting[0])
        waiting.remove(second)
        pairs.append((first, second))
    return pairs


def _placed(records: _Records) -> Iterable[str]:
    return [name for name, record in records.items() if record.rounds or not record.met]


def _buchholz(records: _Records, name: str) -> float:
    met = records[name].met
    return sum(records[other].share for other in met) / len(met) if met else 0.0

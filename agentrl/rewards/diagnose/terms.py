"""What each term of a reward adds to an episode, in numbers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentrl.episode import Episode


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What one named part of the reward adds to the episodes that state it."""

    mean: float
    std: float
    """Population standard deviation."""
    low: float
    high: float
    stated: float
    """Share of episodes that state it on any turn, 0 to 1."""


def term_totals(episodes: Sequence[Episode]) -> dict[str, list[float | None]]:
    """Return by term what it adds to each episode in all; None where no turn states it.

    Args:
        episodes: with their rewards.
    """
    names = dict.fromkeys(name for e in episodes for turn in e.turns for name in turn.terms)
    return {name: [_total(episode, name) for episode in episodes] for name in names}


def _total(episode: Episode, name: str) -> float | None:
    stated = [turn.terms[name] for turn in episode.turns if name in turn.terms]
    return math.fsum(stated) if stated else None


def statistics_of(values: Iterable[float | None]) -> TermStatistics | None:
    """Return the statistics of a term's totals; None where no episode states it.

    >>> statistics_of([1.0, None, 3.0, None])
    TermStatistics(mean=2.0, std=1.0, low=1.0, high=3.0, stated=0.5)
    """
    every = list(values)
    known = [value for value in every if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    variance = math.fsum((value - mean) ** 2 for value in known) / len(known)
    return TermStatistics(
        mean, math.sqrt(variance), min(known), max(known), len(known) / len(every)
    )

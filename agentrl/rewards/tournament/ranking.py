"""The result of a tournament, and the reward that a place earns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where an episode came."""

    rank: float
    """From 0, the best. Those that cannot be told apart share the mean of their ranks."""
    points: float
    """What it got, in the scheme's own measure: see ``rank_group``."""
    reward: float
    """``rank_reward`` of the rank."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The places of a group's episodes, by episode id."""

    places: Mapping[str, Place]
    unplaced: Mapping[str, str] = field(default_factory=dict)
    """Episodes that could not be placed, and why: comparisons with them gave no result."""
    matches: int = 0
    """Pairs that met; a pair that met twice counts twice."""
    contradictions: int = 0
    """Matches in which the two orders named different winners: the judge went by the order."""
    comparisons: int = 0
    """Results asked for: two a match where both orders are asked, and more where one is retried."""


def rank_reward(rank: float, count: int) -> float:
    """Return ``1 - rank / (count - 1)``, the reward of a place (ArenaRL, arXiv 2601.06487).

    One episode alone is neither best nor worst: it gets 0.5, which is our choice.

    Args:
        rank: from 0, the best.
        count: how many episodes have a place.

    >>> [rank_reward(rank, 5) for rank in (0, 1, 2.5, 4)]
    [1.0, 0.75, 0.375, 0.0]
    """
    return 0.5 if count < 2 else 1.0 - rank / (count - 1)


Tiers = list[list[str]]
"""Episodes in order of merit, the best first; those in one tier cannot be told apart."""


def places(tiers: Sequence[Sequence[str]], points: Mapping[str, float]) -> dict[str, Place]:
    """Return the places of episodes that are in order of merit.

    Args:
        tiers: their ids.
        points: what each got, by id.

    >>> [place.rank for place in places([["a"], ["b", "c"]], {"a": 1, "b": 0, "c": 0}).values()]
    [0.0, 1.5, 1.5]
    """
    count = sum(map(len, tiers))
    placed: dict[str, Place] = {}
    for tier in tiers:
        rank = len(placed) + (len(tier) - 1) / 2
        reward = rank_reward(rank, count)
        placed.update({name: Place(rank, points[name], reward) for name in tier})
    return placed


def tiers_by(merits: Mapping[str, tuple[float, ...]]) -> Tiers:
    """Return ids in order of merit, greatest first, equals in one tier.

    Differences below 1e-9 are roundings of sums in another order and count as none.
    """
    equals: dict[tuple[float, ...], list[str]] = {}
    for name, merit in merits.items():
        equals.setdefault(tuple(round(part, 9) for part in merit), []).append(name)
    return [equals[merit] for merit in sorted(equals, reverse=True)]

"""How far a reward goes along with the outcome."""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from agentrl.rewards.transforms import EQUAL

_ROUNDING = 1e-12  # of the largest value: a few times what a mean of floats can be off


@dataclass(frozen=True, slots=True)
class Correlation:
    """Three views of one question; each is None where one side does not vary."""

    pearson: float | None
    """Of the values themselves."""
    spearman: float | None
    """Of their ranks: whether more of one is more of the other, by whatever curve."""
    within: float | None
    """Pearson's of the values less their group's mean: what a trainer that compares the attempts
    at one task has to go by. That a reward is large on easy tasks does not count here."""
    n: int
    """Episodes that state both."""


def correlation(rows: Iterable[tuple[Hashable, float | None, float | None]]) -> Correlation:
    """Return how far two numbers of episodes go together.

    Args:
        rows: an episode's group and both its numbers; a row that lacks one is passed over.
    """
    known = [(g, a, b) for g, a, b in rows if a is not None and b is not None]
    left, right = [a for _, a, _ in known], [b for _, _, b in known]
    groups = [group for group, _, _ in known]
    return Correlation(
        pearson(left, right),
        spearman(left, right),
        pearson(centred(left, groups), centred(right, groups)),
        len(known),
    )


def pearson(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Pearson's correlation; None where one side does not vary, never NaN.

    >>> round(pearson([1.0, 2.0, 3.0], [2.0, 4.0, 7.0]), 4)
    0.9934
    """
    a, b = unit(left), unit(right)
    if a is None or b is None:
        return None
    return max(-1.0, min(1.0, math.fsum(x * y for x, y in zip(a, b, strict=True))))


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation; equal values share the mean of their ranks.

    >>> round(spearman([1.0, 2.0, 3.0], [1.0, 8.0, 27.0]), 9)
    1.0
    """
    if not (_varies(left) and _varies(right)):
        return None
    return pearson(ranks(left), ranks(right))


def ranks(values: Sequence[float]) -> list[float]:
    """Return each value's rank from 1; equal ones share the mean of their ranks.

    >>> ranks([5.0, 3.0, 5.0])
    [2.5, 1.0, 2.5]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and values[order[stop]] == values[order[start]]:
            stop += 1
        for place in order[start:stop]:
            found[place] = (start + 1 + stop) / 2
        start = stop
    return found


def centred(values: Sequence[float], groups: Sequence[Hashable]) -> list[float]:
    """Return values less the mean of those of the same group; what is only rounding becomes 0."""
    members: dict[Hashable, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        members.setdefault(group, []).append(value)
    means = {group: math.fsum(found) / len(found) for group, found in members.items()}
    noise = _ROUNDING * max(map(abs, values), default=0.0)
    moved = [value - means[group] for value, group in zip(values, groups, strict=True)]
    return [value if abs(value) > noise else 0.0 for value in moved]


def unit(values: Sequence[float]) -> list[float] | None:
    """Return values less their mean, at length 1; None where they do not vary."""
    if not _varies(values):
        return None
    mean = math.fsum(values) / len(values)
    moved = [value - mean for value in values]
    size = math.hypot(*moved)
    return [value / size for value in moved] if size > 0 else None


def _varies(values: Sequence[float]) -> bool:
    """Return whether values differ by more than rounding does."""
    if not values:
        return False
    largest = max(map(abs, values))
    return max(values) - min(values) > EQUAL * max(1.0, largest)

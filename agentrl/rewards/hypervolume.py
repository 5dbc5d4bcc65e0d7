"""The volume that a front of points dominates, in any number of dimensions."""

from collections.abc import Iterable, Sequence
from math import prod

Point = tuple[float, ...]


def hypervolume(points: Iterable[Point], reference: Point) -> float:
    """Return the volume between a reference point and the points above it in every dimension.

    Exact, by what each point adds to those behind it (the algorithm of While, Bradstreet and
    Barone, 2012): exponential in the dimensions at worst, milliseconds for tens of points.

    >>> hypervolume([(2.0, 1.0), (1.0, 3.0)], (0.0, 0.0))
    4.0
    """
    return _volume(nondominated(points, reference), reference)


def exclusive(point: Point, others: Sequence[Point], reference: Point) -> float:
    """Return the volume that a point dominates and others do not.

    It is 0 for a point that is not above the reference in every dimension.

    >>> exclusive((1.0, 3.0), [(2.0, 1.0)], (0.0, 0.0))
    2.0
    """
    sides = [p - r for p, r in zip(point, reference, strict=True)]
    if min(sides) <= 0 or any(_covers(other, point) for other in others):
        return 0.0
    shared = [tuple(map(min, point, other)) for other in others]
    return prod(sides) - _volume(nondominated(shared, reference), reference)


def nondominated(points: Iterable[Point], reference: Point) -> list[Point]:
    """Return the points above the reference in every dimension that no other one surpasses.

    Of equal points the first is kept.
    """
    kept: list[Point] = []
    for point in points:
        inside = all(p > r for p, r in zip(point, reference, strict=True))
        if not inside or any(_covers(other, point) for other in kept):
            continue
        kept = [other for other in kept if not _covers(point, other)]
        kept.append(point)
    return kept


def _covers(a: Point, b: Point) -> bool:
    return all(x >= y for x, y in zip(a, b, strict=True))


def _volume(front: Sequence[Point], reference: Point) -> float:
    """Return the volume of points none of which covers another."""
    if len(reference) == 1:
        return front[0][0] - reference[0] if front else 0.0
    if len(reference) == 2:
        return _area(front, reference)
    ordered = sorted(front, reverse=True)
    return sum(exclusive(point, ordered[n + 1 :], reference) for n, point in enumerate(ordered))


def _area(front: Sequence[Point], reference: Point) -> float:
    area, height = 0.0, reference[1]
    for x, y in sorted(front, reverse=True):
        area += (x - reference[0]) * max(0.0, y - height)
        height = max(height, y)
    return area

"""The farming alarm: the reward is being earned without what it stands for."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeVar

from agentrl.rewards.diagnose.recorded import Scored
from agentrl.rewards.diagnose.trend import Trend, trend

Verdict = Literal["farming", "watch", "clear", "unknown"]
Axis = Literal["version", "order"]
T = TypeVar("T")

LEAST_POINTS = 8
"""Fewer points tell no trend: Mann and Kendall's approximation is not good for fewer."""
MOST_POINTS = 200
"""More are merged with their neighbours, which keeps the number of pairs small."""
BLOCKS = 32
"""How many points episodes in the order of their record are merged to."""
CHANCE = 0.05
"""A trend counts if chance alone would bring it more seldom than this. Our choice."""
CEILING = 0.95
"""With a mean outcome from here on, one that no longer rises is no cause for alarm. Our choice."""


@dataclass(frozen=True, slots=True)
class Point:
    """The episodes of one step."""

    at: float
    """Version of the weights, or number of the block."""
    reward: float
    """Mean return."""
    outcome: float
    """Mean outcome."""
    n: int
    """Episodes."""


@dataclass(frozen=True, slots=True)
class Farming:
    """Whether a reward was farmed."""

    verdict: Verdict
    """``farming``: the return rises and the outcome falls. ``watch``: the return rises, the outcome
    does not, and there is room for it to. ``clear``: neither. ``unknown``: too few points."""
    why: str
    by: Axis
    points: tuple[Point, ...]
    reward: Trend | None
    outcome: Trend | None


def farming(steps: Sequence[tuple[int, Sequence[Scored]]], by: Axis = "version") -> Farming:
    """Return whether the return rises while the outcome falls.

    Both trends are one-sided tests by Mann and Kendall at 5% each. The tests take steps for
    independent; where neighbours are alike, as in training, they cry sooner than 5% says.

    Args:
        steps: by version of the weights, its scored episodes; those without an outcome are passed
            over.
        by: ``version``: a point for each version of the weights; ``order``: a point for each of
            some blocks of episodes, as they stand, for records that know of no version.
    """
    points = _by_version(steps) if by == "version" else _by_order(steps)
    if len(points) < LEAST_POINTS:
        why = f"{_few(len(points), by)}, and a trend needs {LEAST_POINTS}"
        return Farming("unknown", why, by, points, None, None)
    times = [point.at for point in points]
    reward = trend([point.reward for point in points], times)
    outcome = trend([point.outcome for point in points], times)
    verdict = _verdict(reward, outcome, points)
    return Farming(verdict, _why(reward, outcome), by, points, reward, outcome)


def _verdict(reward: Trend, outcome: Trend, points: Sequence[Point]) -> Verdict:
    if reward.p_rise >= CHANCE:
        return "clear"
    if outcome.p_fall < CHANCE:
        return "farming"
    episodes = sum(point.n for point in points)
    mean = sum(point.outcome * point.n for point in points) / episodes
    return "clear" if outcome.p_rise < CHANCE or mean >= CEILING else "watch"


def _why(reward: Trend, outcome: Trend) -> str:
    return f"the return {_told(reward)}, the outcome {_told(outcome)}"


def _told(found: Trend) -> str:
    way = (
        "rises" if found.p_rise < CHANCE else "falls" if found.p_fall < CHANCE else "shows no trend"
    )
    return f"{way} (tau {found.tau:+.2f}, {found.slope:+.2g} a step)"


def _few(count: int, by: Axis) -> str:
    if by == "order":
        return f"there are {count} episodes with an outcome"
    played = "one version" if count == 1 else f"{count} versions"
    return f"{played} of the weights played"


def _by_version(steps: Sequence[tuple[int, Sequence[Scored]]]) -> tuple[Point, ...]:
    known = [(version, found) for version, every in steps if (found := _known(every))]
    return tuple(
        _point([v for v, _ in chunk], [one for _, found in chunk for one in found])
        for chunk in _chunks(known, MOST_POINTS)
    )


def _by_order(steps: Sequence[tuple[int, Sequence[Scored]]]) -> tuple[Point, ...]:
    episodes = _known([one for _, every in steps for one in every])
    chunks = _chunks(episodes, BLOCKS)
    return tuple(_point([number], chunk) for number, chunk in enumerate(chunks))


def _known(every: Sequence[Scored]) -> list[Scored]:
    return [one for one in every if one.outcome is not None]


def _point(at: Sequence[int], episodes: Sequence[Scored]) -> Point:
    n = len(episodes)
    reward = sum(one.reward for one in episodes) / n
    outcome = sum(one.outcome or 0.0 for one in episodes) / n
    return Point(sum(at) / len(at), reward, outcome, n)


def _chunks(items: Sequence[T], most: int) -> list[Sequence[T]]:
    """Return items in at most so many chunks of neighbours, alike in size."""
    count = min(most, len(items))
    ends = [round(n * len(items) / count) for n in range(count + 1)] if count else []
    return [items[start:stop] for start, stop in pairwise(ends)]

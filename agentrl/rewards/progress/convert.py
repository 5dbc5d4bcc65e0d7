"""From values of prefixes to rewards of turns: pure functions.

Every one takes the values of an episode (before the first turn, then after each turn: one more
than there are turns) and returns one reward a turn.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Literal

Rewards = tuple[float, ...]
Residual = Literal["spread", "last", "none"]


def contribution(values: Sequence[float], outcome: float, residual: Residual = "last") -> Rewards:
    """Return what each turn contributed to the outcome (SPA, arXiv 2505.20732).

    These are the changes of value, and what they lack to the outcome, so that they sum to it. How
    the lack is shared is our choice: the paper trains its estimator until there is little.

    Args:
        values: of the prefixes.
        outcome: what the contributions sum to.
        residual: with ``last`` the last turn bears the lack, so that what is earned from a turn on
            is the outcome less what was credited before: however wrong the values are, no action
            gains by them. ``spread`` shares it evenly, ``none`` leaves it out.

    >>> contribution((0.0, 0.25, 1.25), 1.0)
    (0.25, 0.75)
    >>> contribution((0.0, 0.25, 1.25), 1.0, "spread")
    (0.125, 0.875)
    """
    changes = difference(values)
    if residual == "none" or not changes:
        return changes
    lack = outcome - (values[-1] - values[0])
    if residual == "last":
        return (*changes[:-1], changes[-1] + lack)
    return tuple([change + lack / len(changes) for change in changes])


def difference(values: Sequence[float]) -> Rewards:
    """Return the change of value in each turn (MRT, arXiv 2503.07572; VSRM, arXiv 2508.10293).

    >>> difference((0.5, 0.75, 0.25))
    (0.25, -0.5)
    """
    _check(values)
    return tuple([after - before for before, after in pairwise(values)])


def potential(values: Sequence[float], gamma: float = 1.0) -> Rewards:
    """Return ``gamma * Phi(s') - Phi(s)`` of each turn, with ``Phi = 0`` where the episode ends.

    Added to any reward it leaves the order of all policies as it is (Ng et al., 1999): discounted
    by ``gamma`` it sums to ``-Phi(s_0)`` whatever was done. That takes the potential of the last
    state to be 0 however the episode ended, at a limit too.

    Args:
        values: the potential of each state; that of the last one is not used.
        gamma: the discount, which must be the training's.

    >>> potential((0.5, 0.75, 0.25))
    (0.25, -0.75)
    """
    _check(values)
    after = [*values[1:-1], 0.0] if len(values) > 1 else []
    return tuple([gamma * new - old for old, new in zip(values, after, strict=False)])


def segment(values: Sequence[float], ends: Collection[int]) -> Rewards:
    """Return the value at the end of each segment, and 0 elsewhere (arXiv 2306.01693).

    Args:
        values: of the prefixes.
        ends: indices of the turns that end a segment.

    >>> segment((0.0, 0.5, 0.75), {1})
    (0.0, 0.75)
    """
    _check(values)
    return tuple([v if turn in ends else 0.0 for turn, v in enumerate(values[1:])])


def _check(values: Sequence[float]) -> None:
    if not values:
        raise ValueError("no values: expected one more than the episode has turns")

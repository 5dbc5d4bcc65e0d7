"""Solving a small world whose transition table is known, by value iteration."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DISCOUNT = 0.999
"""Worth of a reward one step later: near 1, so that sure beats fast, and fast breaks ties."""

_PRECISION = 1e-9
_MOST_SWEEPS = 30_000

Table = Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]]
"""``table[state][action]`` lists (probability, next state, reward, whether the episode ends)."""


def best_actions(table: Table) -> NDArray[np.int64]:
    """Return the action with the highest discounted return for every state.

    Where several are equally good, the first of them is taken.
    """
    chance, target, reward, goes_on = _arrays(table)
    gain = (chance * reward).sum(axis=2)
    onward = DISCOUNT * chance * goes_on
    values = np.zeros(len(table))
    for _ in range(_MOST_SWEEPS):
        quality = gain + (onward * values[target]).sum(axis=2)
        improved = quality.max(axis=1)
        change = np.abs(improved - values).max()
        values = improved
        if change < _PRECISION:
            break
    quality = gain + (onward * values[target]).sum(axis=2)
    close = quality >= quality.max(axis=1, keepdims=True) - 10 * _PRECISION
    best: NDArray[np.int64] = close.argmax(axis=1)
    return best


def _arrays(table: Table) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    states, actions = len(table), len(table[0])
    width = max(len(outcomes) for row in table.values() for outcomes in row.values())
    shape = (states, actions, width)
    chance, reward, goes_on = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    target = np.zeros(shape, dtype=np.int64)
    for state, row in table.items():
        for action, outcomes in row.items():
            for k, (p, following, gained, ends) in enumerate(outcomes):
                at = state, action, k
                chance[at], target[at], reward[at], goes_on[at] = p, following, gained, not ends
    return chance, target, reward, goes_on

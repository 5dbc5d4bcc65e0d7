"""Potential shaping on a world that is small enough to try every policy."""

from collections.abc import Callable, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode
from agentrl.rewards.compose import compose
from tests.unit.rewards.episodes import episode, spec

CELLS = 4
"""Cells in a row; the last is the goal."""
TURNS = 5
Policy = tuple[int, ...]
"""A step of -1, 0 or 1 in each cell but the goal."""
POLICIES: tuple[Policy, ...] = tuple(product((-1, 0, 1), repeat=CELLS - 1))


def play(policy: Policy, potential: Callable[[int], float]) -> Episode:
    """Return the episode of a policy from the first cell, with the potential of where it came."""
    cell = 0
    signals: list[dict[str, float]] = []
    while cell < CELLS - 1 and len(signals) < TURNS:
        cell = max(0, cell + policy[cell])
        signals.append({"phi": potential(cell), "time": -0.01})
    return episode(str(policy), signals, success=float(cell == CELLS - 1))


def returns(section: Mapping[str, object], values: tuple[float, ...], gamma: float) -> list[float]:
    """Return the discounted return of every policy."""
    reward = spec({"terms": section})
    episodes = [play(policy, values.__getitem__) for policy in POLICIES]
    return [
        sum(gamma**turn * r for turn, r in enumerate(compose(reward, [one])[0])) for one in episodes
    ]


@given(
    st.tuples(*[st.floats(-5, 5)] * CELLS),
    st.sampled_from([1.0, 0.9, 0.5]),
)
def test_potential_shaping_keeps_the_order_of_all_policies(
    values: tuple[float, ...], gamma: float
) -> None:
    plain = {"success": 1.0, "time": 1.0}
    potential = {"kind": "potential", "gamma": gamma, "start": values[0]}
    shaped = {**plain, "phi": {"transforms": [potential]}}

    before, after = returns(plain, values, gamma), returns(shaped, values, gamma)

    assert [b - a for a, b in zip(before, after, strict=True)] == pytest.approx(
        [-values[0]] * len(POLICIES), abs=1e-9
    )


def test_paying_the_value_itself_makes_standing_still_the_best_policy() -> None:
    """What shaping guards against: the same values as plain terms reorder the policies."""
    values = (0.0, 0.0, 3.0, 0.0)
    paid = returns({"success": 1.0, "phi": 1.0}, values, 1.0)
    best = POLICIES[paid.index(max(paid))]

    assert best[2] == 0

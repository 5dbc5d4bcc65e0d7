"""How often each gate of a reward is open, and what it says where it is not."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.episode import Episode

MOST_REASONS = 3
"""How many reasons are told for each of open and closed."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What one gate did."""

    open: float
    """Share of the episodes for which it was open, 0 to 1."""
    n: int
    """Episodes that met it."""
    whys_open: tuple[tuple[str, int], ...]
    """The commonest reasons, with how many episodes have them."""
    whys_closed: tuple[tuple[str, int], ...]


def openings(episodes: Sequence[Episode]) -> dict[str, Opening]:
    """Return what each gate did, by its name.

    Args:
        episodes: with their rewards.
    """
    names = dict.fromkeys(gate.name for episode in episodes for gate in episode.gates)
    return {name: _opening(name, episodes) for name in names}


def _opening(name: str, episodes: Sequence[Episode]) -> Opening:
    met = [gate for episode in episodes for gate in episode.gates if gate.name == name]
    opened = Counter(short(gate.why) for gate in met if gate.open)
    closed = Counter(short(gate.why) for gate in met if not gate.open)
    return Opening(
        opened.total() / len(met),
        len(met),
        tuple(opened.most_common(MOST_REASONS)),
        tuple(closed.most_common(MOST_REASONS)),
    )


def short(why: str) -> str:
    """Return a reason with its numbers at two digits, so that like reasons are counted together.

    >>> short("score is 0.123456, asked for score >= 0.5")
    'score is 0.12, asked for score >= 0.5'
    """
    return re.sub(r"-?\d+\.\d+(e[+-]?\d+)?", lambda number: f"{float(number[0]):.2g}", why)

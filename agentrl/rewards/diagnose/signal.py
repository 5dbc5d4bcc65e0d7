"""Groups that teach nothing, because all their episodes earn the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentrl.rewards.diagnose.recorded import Scored
from agentrl.rewards.transforms import EQUAL


@dataclass(frozen=True, slots=True)
class Silence:
    """How many groups have no signal for a trainer that compares the episodes of a group."""

    groups: int
    """Groups of at least two scored episodes."""
    alone: int
    """Groups of one scored episode, which have none by nature and are left out of the shares."""
    before: float | None
    """Share in which all outcomes are equal; None without a group or an outcome."""
    after: float | None
    """Share in which all rewards are equal; None without a group."""


def silence(groups: Iterable[Sequence[Scored]]) -> Silence:
    """Return how many groups have no signal by the outcome alone, and by the reward.

    Where the outcome is not stated for all of a group, the group counts for ``after`` only.
    """
    every = list(groups)
    compared = [group for group in every if len(group) > 1]
    known = [
        [one.outcome for one in group if one.outcome is not None]
        for group in compared
        if all(one.outcome is not None for one in group)
    ]
    return Silence(
        len(compared),
        len(every) - len(compared),
        _share(map(_equal, known)),
        _share(_equal([one.reward for one in group]) for group in compared),
    )


def _equal(values: Sequence[float]) -> bool:
    return max(values) - min(values) <= EQUAL


def _share(answers: Iterable[bool]) -> float | None:
    found = list(answers)
    return sum(found) / len(found) if found else None

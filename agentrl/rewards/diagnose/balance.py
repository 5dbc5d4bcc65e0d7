"""Exploration and exploitation: whether good attempts are there, and whether the reward finds them.

In the manner of B-STaR (arXiv 2412.17256), which watches both while a model trains on what it
chose from its own attempts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentrl.episode import Episode
from agentrl.rewards.diagnose.recorded import Scored
from agentrl.rewards.transforms import EQUAL

SOLVED = 1.0
"""An outcome from here on is a success."""
WANTED = 4
"""n*: correct and different attempts wanted of each group. Ours; the paper's figure is unknown."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Means over groups of at least two scored episodes."""

    groups: int
    pass_1: float
    """Success of one attempt."""
    pass_n: float
    """Share of groups in which any attempt succeeds."""
    unique: float
    """Different attempts, as a share of all; two are the same if all their actions are."""
    best_of_n: float
    """Success of the attempt that the reward puts first; among equals, their mean success."""
    score: float
    """B-STaR's balance score, 0 to 1; see ``balance_score``."""

    @property
    def exploration(self) -> float:
        """What choosing well could gain: ``pass_n - pass_1``."""
        return self.pass_n - self.pass_1

    @property
    def exploitation(self) -> float | None:
        """The share of it that choosing by the reward does gain, at most 1; below 0 the reward
        chooses worse than chance. None: there is nothing to gain."""
        if self.exploration <= EQUAL:
            return None
        return (self.best_of_n - self.pass_1) / self.exploration


Attempt = tuple[tuple[str, ...], Scored]
"""What was done, and what it earned."""


def balance(
    groups: Iterable[Sequence[tuple[Episode, Scored]]], wanted: int = WANTED
) -> Balance | None:
    """Return how much there is to choose from, and how well the reward chooses.

    Args:
        groups: of episodes drawn together; those without an outcome are passed over.
        wanted: n*, correct and different attempts wanted of each group.

    Returns:
        The means over groups of at least two episodes; None where there is no such group.
    """
    every = [
        [(tuple(turn.action for turn in e.turns), one) for e, one in group if _known(one)]
        for group in groups
    ]
    compared = [group for group in every if len(group) > 1]
    if not compared:
        return None
    n = len(compared)
    return Balance(
        groups=n,
        pass_1=sum(map(_pass_1, compared)) / n,
        pass_n=sum(any(_solved(one) for _, one in group) for group in compared) / n,
        unique=sum(len({done for done, _ in group}) / len(group) for group in compared) / n,
        best_of_n=sum(map(_best_of_n, compared)) / n,
        score=sum(balance_score(group, wanted) for group in compared) / n,
    )


def balance_score(group: Sequence[Attempt], wanted: int = WANTED) -> float:
    """Return ``min(n' / n*, 1) * n' / n`` for the attempts that the reward chooses.

    n are those chosen, n' the correct and different ones among them: the first factor asks for
    enough of them, the second for few others. B-STaR chooses by a threshold on the reward that it
    tunes; recorded rewards have any scale, so we choose those above the middle between the
    group's least and largest reward, all of them where they are equal. That is our choice.

    Args:
        group: at least one attempt.
        wanted: n*.
    """
    rewards = [one.reward for _, one in group]
    middle = (max(rewards) + min(rewards)) / 2
    chosen = [(done, one) for done, one in group if one.reward >= middle - EQUAL]
    correct = len({done for done, one in chosen if _solved(one)})
    return min(correct / wanted, 1.0) * correct / len(chosen)


def _known(one: Scored) -> bool:
    return one.outcome is not None


def _solved(one: Scored) -> bool:
    return one.outcome is not None and one.outcome >= SOLVED


def _pass_1(group: Sequence[Attempt]) -> float:
    return sum(_solved(one) for _, one in group) / len(group)


def _best_of_n(group: Sequence[Attempt]) -> float:
    most = max(one.reward for _, one in group)
    return _pass_1([(done, one) for done, one in group if one.reward >= most - EQUAL])

"""How many episodes a group gets: a fixed number, or as many as it takes."""

from collections.abc import Sequence
from typing import Protocol

from agentrl.suite.train import AdaptiveSpec, TrainSpec

REPLACEMENTS = 2
"""Further rounds that replace what infrastructure took; after them the group stays short."""


class Growth(Protocol):
    """Decides about a group while it is played."""

    def more(self, rewards: Sequence[float], rounds: int) -> int:
        """Return how many more episodes to play now; 0: the group is complete.

        Args:
            rewards: of the episodes so far that were scored.
            rounds: how often episodes were asked for already.
        """

    def keep(self, rewards: Sequence[float]) -> tuple[int, ...]:
        """Return the indexes of the scored episodes to train on, in ascending order."""


def build_growth(spec: TrainSpec) -> Growth:
    """Return how groups grow by a suite's ``train.sampler``."""
    if spec.sampler.kind == "adaptive":
        return AdaptiveGrowth(spec.sampler.adaptive, spec.group_size)
    return FixedGrowth(spec.group_size)


class FixedGrowth:
    """As many episodes as the suite says; lost ones are replaced a few times."""

    def __init__(self, size: int) -> None:
        self._size = size

    def more(self, rewards: Sequence[float], rounds: int) -> int:
        """Return what is missing, while there is hope to get it."""
        return max(0, self._size - len(rewards)) if rounds <= REPLACEMENTS else 0

    def keep(self, rewards: Sequence[float]) -> tuple[int, ...]:
        """Keep every episode."""
        return tuple(range(len(rewards)))


class AdaptiveGrowth:
    """Rounds of episodes until enough of both signs were seen (Reinforce-Ada, arXiv 2510.04996)."""

    def __init__(self, spec: AdaptiveSpec, size: int) -> None:
        self._spec = spec
        self._size = size

    def more(self, rewards: Sequence[float], rounds: int) -> int:
        """Return a round's episodes, unless both quotas are met or the rounds are used up."""
        positives = sum(map(self._is_positive, rewards))
        negatives = len(rewards) - positives
        enough = positives >= self._spec.positives and negatives >= self._spec.negatives
        met = enough and len(rewards) > 0
        return 0 if met or rounds >= self._spec.rounds else self._size

    def keep(self, rewards: Sequence[float]) -> tuple[int, ...]:
        """Keep as many of both signs as there are, the first of each; fill up with the others."""
        positives = [n for n, reward in enumerate(rewards) if self._is_positive(reward)]
        negatives = [n for n, reward in enumerate(rewards) if not self._is_positive(reward)]
        half = self._spec.keep // 2
        fewer, more = sorted((positives, negatives), key=len)
        few = fewer[:half]
        many = more[: self._spec.keep - len(few)]
        return tuple(sorted([*few, *many]))

    def _is_positive(self, reward: float) -> bool:
        return reward > self._spec.positive_above

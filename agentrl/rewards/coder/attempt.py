"""One program of a search, and how it did."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attempt:
    """A program and how it did."""

    round: int
    """From 0."""
    index: int
    """Its place in the round, from 0."""
    source: str
    """The program; empty where the model's answer held none."""
    failure: str = ""
    """Why it cannot be used; empty: it can."""
    fitness: float = -math.inf
    """Larger is better; minus infinity where it cannot be used."""
    returns: Mapping[str, float] = field(default_factory=dict)
    """What it gives each episode in all, by the episode's id."""
    feedback: str = ""
    """What the model is told about it."""


def best_of(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the fittest that can be used, the earlier one of equals; None where none can."""
    return max(_usable(attempts), key=lambda attempt: attempt.fitness, default=None)


def worst_of(attempts: Sequence[Attempt]) -> Attempt | None:
    """Return the least fit that can be used; None where none can."""
    return min(_usable(attempts), key=lambda attempt: attempt.fitness, default=None)


def _usable(attempts: Sequence[Attempt]) -> list[Attempt]:
    return [a for a in attempts if not a.failure and math.isfinite(a.fitness)]

"""From several votes to one."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Combine = Literal["mean", "median", "majority"]


@dataclass(frozen=True, slots=True)
class Vote:
    """One readable answer."""

    shares: Mapping[str, Mapping[str, float]]
    """Part of its points that each criterion got, by subject and criterion."""
    text: str
    """What the judge said last."""


def combined(votes: Sequence[Vote], how: Combine) -> dict[str, dict[str, float]]:
    """Return what the votes come to, criterion by criterion.

    Args:
        votes: at least one, all about the same.
        how: ``mean``, ``median``, or ``majority``: the share that most votes gave, and of several
            that as many gave the lowest, because a doubt should not pay. That is our choice.
    """
    first = votes[0].shares
    return {
        subject: {
            name: _one([vote.shares[subject][name] for vote in votes], how)
            for name in first[subject]
        }
        for subject in first
    }


def _one(values: Sequence[float], how: Combine) -> float:
    if how == "mean":
        return statistics.fmean(values)
    if how == "median":
        return statistics.median(values)
    counts = Counter(values)
    most = max(counts.values())
    return min(value for value, count in counts.items() if count == most)

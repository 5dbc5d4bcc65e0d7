"""A reward program tried on recorded episodes, and how well it agrees with what came of them."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.rewards.coder.scores import Fault, Scores


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A program's answers for some episodes, all of them scored ones."""

    source: str
    """The program."""
    episodes: tuple[Episode, ...]
    results: tuple[Scores | Fault, ...]
    """One an episode."""
    success: str = "success"
    """The result of the outcome that the program should agree with."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Why it has no scores, for the episodes where it has none."""
        return tuple(result for result in self.results if isinstance(result, Fault))

    @property
    def scores(self) -> tuple[Scores, ...]:
        """Its scores, where it has any."""
        return tuple(result for result in self.results if isinstance(result, Scores))

    @property
    def returns(self) -> tuple[float, ...]:
        """The sum of all its terms, for each episode that it scored."""
        return tuple(scores.total for scores in self.scores)

    @property
    def outcomes(self) -> tuple[float, ...]:
        """What the episode's outcome says, for each episode that it scored."""
        return tuple(
            episode.outcome[self.success]
            for episode, result in zip(self.episodes, self.results, strict=True)
            if isinstance(result, Scores)
        )

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of its terms, in order of appearance."""
        return tuple(dict.fromkeys(n for s in self.scores for turn in s.turns for n in turn))


def rank_correlation(evaluation: Evaluation) -> float:
    """Return Spearman's rank correlation of a program's returns with the outcomes.

    The default fitness. 1: it orders episodes as their outcomes do, -1: the other way round, 0: it
    says nothing, as does one whose returns are all equal.
    """
    return spearman(evaluation.returns, evaluation.outcomes)


def spearman(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the correlation of the ranks of two rows of numbers; 0 where one does not vary.

    >>> spearman([1.0, 2.0, 3.0, 4.0], [10.0, 30.0, 20.0, 40.0])
    0.8
    """
    ranks = ranked(left), ranked(right)
    if len(set(ranks[0])) < 2 or len(set(ranks[1])) < 2:
        return 0.0
    return round(statistics.correlation(*ranks), 12)


def ranked(values: Sequence[float]) -> list[float]:
    """Return each value's rank from 1; equal values share the mean of their ranks.

    >>> ranked([5.0, 1.0, 5.0])
    [2.5, 1.0, 2.5]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[start]]:
            for index in order[start:end]:
                ranks[index] = (start + 1 + end) / 2
            start = end
    return ranks


def usable(episodes: Sequence[Episode], success: str) -> tuple[Episode, ...]:
    """Return the episodes on which programs can be compared: scored, with turns and the result.

    Raises:
        UsageError: there are fewer than two, or their outcomes do not differ.
    """
    kept = tuple(
        episode
        for episode in episodes
        if episode.status.scored
        and episode.turns
        and math.isfinite(episode.outcome.get(success, math.nan))
    )
    values = {episode.outcome[success] for episode in kept}
    if len(values) < 2:
        raise UsageError(
            f"{len(kept)} of {len(episodes)} episodes are scored and state {success!r}, with "
            f"{len(values)} different values; programs can only be compared on episodes of which "
            f"some went better than others: record more, or name another result of the outcome"
        )
    return kept

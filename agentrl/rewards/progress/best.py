"""Choosing among attempts by what a scorer thinks of them."""

from collections.abc import Sequence

from agentrl.episode import Episode
from agentrl.errors import UnscoredError, UsageError
from agentrl.models.scorers.base import ProgressScorer


def best_of_n(episodes: Sequence[Episode], scorer: ProgressScorer) -> Episode:
    """Return the attempt whose end the scorer values most; among equals the first.

    This is how ARMAP (arXiv 2502.12130) uses a scorer without training a policy. The outcome of an
    attempt is not looked at; one that ended by an error, or that cannot be valued, is not chosen.

    Args:
        episodes: attempts at one task.
        scorer: fitted.

    Raises:
        UsageError: none of them can be valued.
    """
    valued = [(value, e) for e in episodes if (value := value_at_end(e, scorer)) is not None]
    if not valued:
        raise UsageError(
            f"none of {len(episodes)} attempts can be valued: give at least one that came to an end"
        )
    return max(valued, key=lambda one: one[0])[1]


def value_at_end(episode: Episode, scorer: ProgressScorer) -> float | None:
    """Return what a scorer thinks of an attempt at its end; None where it cannot tell."""
    if not episode.status.scored:
        return None
    try:
        return scorer.score(episode)[-1]
    except UnscoredError:
        return None

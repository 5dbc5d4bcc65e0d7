"""What every scorer of progress is, and what fitting one tells."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from agentrl.episode import Episode

Values = tuple[float, ...]
"""What each prefix of an episode is worth: before the first turn, then after each turn."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """How well a scorer foretells the outcome of episodes that it did not learn from."""

    backend: str
    outcome: str
    """The result that it was fitted to."""
    episodes: int
    """Episodes that it could learn from."""
    held_out: int
    """How many of them were kept for measuring."""
    held_out_by: str
    """``task``: no task stands on both sides; ``episode``: there was only one task."""
    turns: int
    left_out: int
    """Episodes that taught nothing: not scored, without that result, or without turns."""
    mean_outcome: float
    error: float | None
    """Mean distance of the foretold outcome from the true one. None: the scorer only ranks."""
    base_error: float | None
    """The same of a guess that is always the mean outcome: what there was to beat."""
    within_tenth: float | None
    """Share of episodes with a distance of at most 0.1, as SPA reports it (arXiv 2505.20732)."""
    ranked: float | None
    """Of pairs of held-out attempts at one task with different outcomes, the share that is ranked
    right, ties counting half; 0.5 is chance. None: there is no such pair."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class ProgressScorer(Protocol):
    """Says what each prefix of an episode is worth.

    A scorer has a folder of its own: ``scorer.json`` says what it is, weights stand beside it.
    """

    @property
    def backend(self) -> str:
        """Its kind, such as ``text``."""

    @property
    def outcome(self) -> str:
        """The result that it foretells."""

    def score(self, episode: Episode) -> Values:
        """Return the value of every prefix: one more than there are turns.

        Raises:
            UnscoredError: the episode lacks what the scorer reads.
            UsageError: the scorer belongs to another model family than the episode.
        """

    def fit(self, episodes: Sequence[Episode]) -> FitReport:
        """Learn from episodes, some of which are kept to measure how well it went.

        Raises:
            UsageError: no scored episode states the outcome, or all outcomes are equal.
        """

    def update(self, episodes: Sequence[Episode]) -> None:
        """Learn from a few more; their order makes no difference."""

    def save(self, folder: Path) -> None:
        """Write it into a folder.

        Raises:
            StorageError: the folder cannot be written.
        """

    def memory(self) -> dict[str, Any]:
        """Return what updates changed, as plain data."""

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""

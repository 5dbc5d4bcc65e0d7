"""Turns of an episode as rows of hashed n-grams."""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

from agentrl.episode import Episode, Turn
from agentrl.errors import MissingDependencyError
from agentrl.suite.reward.progress import TextScorerSpec

_WORD = r"(?u)\w+|[^\w\s]"


class TurnFeatures:
    """Makes a row of each turn: its observation's n-grams, then its action's.

    Each half has length 1 (0 where the text is empty), so that a long observation does not drown
    a short action.

    Args:
        spec: which n-grams.
    """

    def __init__(self, spec: TextScorerSpec) -> None:
        self._spec = spec

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return self._spec.features * (2 if self._spec.reads == "both" else 1)

    @property
    def family(self) -> str:
        """Names what weights for these features belong to."""
        s = self._spec
        return f"text: {s.features} hashed {s.unit} n-grams up to {s.longest} of {s.reads}"

    def rows(self, episode: Episode) -> Any:
        """Return a sparse matrix of shape (turns, ``width``).

        Raises:
            MissingDependencyError: scikit-learn is not installed.
        """
        return self._of(episode.turns)

    def sums(self, episodes: Sequence[Episode]) -> Any:
        """Return a sparse matrix of shape (episodes, ``width``): each one's rows summed."""
        turns = [turn for episode in episodes for turn in episode.turns]
        ends = list(accumulate([len(episode.turns) for episode in episodes], initial=0))
        ones = [1.0] * len(turns)
        owner = _sparse().csr_matrix((ones, range(len(turns)), ends), (len(episodes), len(turns)))
        return owner @ self._of(turns)

    def _of(self, turns: Sequence[Turn]) -> Any:
        sparse = _sparse()
        if not turns:
            return sparse.csr_matrix((0, self.width))
        seen, done = [turn.observation for turn in turns], [turn.action for turn in turns]
        match self._spec.reads:
            case "observation":
                return self._hashed(seen)
            case "action":
                return self._hashed(done)
            case _:
                return sparse.hstack([self._hashed(seen), self._hashed(done)], format="csr")

    def _hashed(self, texts: Sequence[str]) -> Any:
        return self._hashing.transform(texts)

    @cached_property
    def _hashing(self) -> Any:
        try:
            from sklearn.feature_extraction.text import HashingVectorizer
        except ImportError:
            raise _missing() from None
        return HashingVectorizer(
            n_features=self._spec.features,
            analyzer=self._spec.unit,
            token_pattern=_WORD if self._spec.unit == "word" else None,
            ngram_range=(1, self._spec.longest),
            norm="l2",
        )


def _sparse() -> Any:
    try:
        import scipy.sparse  # type: ignore[import-untyped]
    except ImportError:
        raise _missing() from None
    return scipy.sparse


def _missing() -> MissingDependencyError:
    return MissingDependencyError(
        "scorers of texts need scikit-learn: pip install 'agentrl[rewards]'"
    )

"""Texts as vectors."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from agentrl.errors import MissingDependencyError, UsageError
from agentrl.suite.reward.novelty import EmbeddingSpec

Vectors = npt.NDArray[np.float64]
"""Of shape (texts, features), or (features,) for one text."""

Embed = Callable[[Sequence[str]], Vectors]
"""Makes vectors of texts: hashed n-grams, or hidden states of a model."""

_WORD = r"(?u)\w+|[^\w\s]"
_BITS = 32


class HashedNgrams:
    """Vectors of hashed n-grams, of length 1; an empty text has a vector of zeros.

    Args:
        spec: how long they are, and of what.
    """

    def __init__(self, spec: EmbeddingSpec) -> None:
        self._spec = spec

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts.

        Raises:
            MissingDependencyError: scikit-learn is not installed.
        """
        if not texts:
            return np.zeros((0, self._spec.features))
        return np.asarray(self._hashing.transform(list(texts)).toarray(), dtype=np.float64)

    @cached_property
    def _hashing(self) -> Any:
        try:
            from sklearn.feature_extraction.text import HashingVectorizer
        except ImportError:
            raise MissingDependencyError(
                "embeddings of texts need scikit-learn: pip install 'agentrl[rewards]'"
            ) from None
        return HashingVectorizer(
            n_features=self._spec.features,
            analyzer=self._spec.unit,
            token_pattern=_WORD if self._spec.unit == "word" else None,
            ngram_range=(1, self._spec.longest),
            norm="l2",
        )


def checked(embed: Embed, features: int) -> Embed:
    """Return ``embed`` with its answers held to their shape and to finite numbers."""

    def embedded(texts: Sequence[str]) -> Vectors:
        vectors = np.asarray(embed(texts), dtype=np.float64)
        if vectors.shape != (len(texts), features) or not np.isfinite(vectors).all():
            raise UsageError(
                f"an embedding of {len(texts)} texts has the shape {vectors.shape}, expected "
                f"{(len(texts), features)} and finite numbers; set embedding.features to its width"
            )
        return vectors

    return embedded


def by_signs(embed: Embed, features: int, seed: int = 0) -> Callable[[Sequence[str]], list[str]]:
    """Return a naming of texts by the signs of 32 random projections of their vectors.

    Near texts mostly share a name (SimHash, as in arXiv 1611.04717).
    """
    directions = np.random.default_rng(seed).standard_normal((features, _BITS))

    def names(texts: Sequence[str]) -> list[str]:
        signs = embed(texts) @ directions > 0
        return [row.tobytes().hex() for row in np.packbits(signs, axis=1)]

    return names

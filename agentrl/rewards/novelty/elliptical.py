"""Novelty by the inverse covariance of what was seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agentrl.rewards.novelty.embedding import Embed, Vectors
from agentrl.rewards.novelty.trail import Trail


class Ellipse:
    """The bonus ``phi^T (Phi^T Phi + ridge I)^-1 phi`` of a vector (E3B, arXiv 2210.05805).

    Args:
        inverse: of shape (features, features); copied.
    """

    def __init__(self, inverse: Vectors) -> None:
        self._inverse = inverse.copy()

    def bonus(self, vector: Vectors) -> float:
        """Return how new a vector is, from 0."""
        return max(0.0, float(vector @ self._inverse @ vector))

    def add(self, vector: Vectors) -> None:
        """Take a vector in, by the formula of Sherman and Morrison."""
        moved = self._inverse @ vector
        self._inverse -= np.outer(moved, moved) / (1.0 + float(vector @ moved))


class Elliptical:
    """Elliptical bonuses within an episode, and over all that was learned.

    Args:
        embed: makes vectors of texts.
        features: numbers in a vector.
        ridge: weight of the unit matrix.
    """

    def __init__(self, embed: Embed, features: int, ridge: float) -> None:
        self._embed = embed
        self._ridge = ridge
        self._unit = np.eye(features) / ridge
        self._gram = np.zeros((features, features))
        self._inverse = self._unit

    def episodic(self, trail: Trail) -> list[float]:
        """See ``Measure.episodic``."""
        return self._bonuses(trail, self._unit)

    def overall(self, trail: Trail) -> list[float]:
        """See ``Measure.overall``."""
        return self._bonuses(trail, self._inverse)

    def learn(self, trails: Sequence[Trail]) -> None:
        """See ``Measure.learn``."""
        texts = sorted(text for trail in trails for text in trail.visited)
        vectors = self._embed(texts)
        self._set(self._gram + vectors.T @ vectors)

    def memory(self) -> dict[str, Any]:
        """See ``Measure.memory``."""
        return {"gram": self._gram.tolist()}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Measure.restore``."""
        self._set(np.asarray(memory["gram"], dtype=np.float64))

    def _set(self, gram: Vectors) -> None:
        """Take up a sum of outer products; inverted anew, so that rounding does not add up."""
        self._gram = gram
        inverse = np.linalg.inv(gram + self._ridge * np.eye(len(gram)))
        self._inverse = np.asarray(inverse, dtype=np.float64)

    def _bonuses(self, trail: Trail, inverse: Vectors) -> list[float]:
        ellipse = Ellipse(inverse)
        vectors = iter(self._embed(trail.visited))
        if trail.start is not None:
            ellipse.add(next(vectors))
        bonuses = []
        for step in trail.steps:
            if step is None:
                bonuses.append(0.0)
                continue
            vector = next(vectors)
            bonuses.append(ellipse.bonus(vector))
            ellipse.add(vector)
        return bonuses

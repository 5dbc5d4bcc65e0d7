"""Novelty by how badly a network predicts another, random one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agentrl.rewards.novelty.count import Counts
from agentrl.rewards.novelty.embedding import Embed, Vectors
from agentrl.rewards.novelty.trail import Trail
from agentrl.suite.reward.novelty import PredictorSpec

_GAIN = 2.0  # of the random weights: larger tells similar texts better apart


class Distillation:
    """The error of a predictor of a random network (random network distillation, arXiv 1810.12894),
    or of one whose outputs are drawn from a normal distribution (RDD, arXiv 2505.11044).

    The bonus is the squared error as a share of the target's squared length: 1 for what is entirely
    new, and falling towards 0. With a drawn target the predictor can at best learn the mean of the
    ``n`` draws it has seen, so that the bonus falls like ``noise^2 / n``, a count, plus what the
    fit itself lacks; we take RDD's bonus to be the distance from the target's mean.

    Our predictor is a random hidden layer with a last layer that is fitted by ridge regression to
    everything that was learned, instead of one trained by gradient steps: it needs no rate, and the
    order of what it learns makes no difference. Within an episode visits are counted.

    Args:
        embed: makes vectors of texts.
        features: numbers in a vector.
        spec: the networks.
        drawn: whether targets are drawn.
    """

    def __init__(self, embed: Embed, features: int, spec: PredictorSpec, *, drawn: bool) -> None:
        self._embed = embed
        self._spec = spec
        self._noise = spec.noise if drawn else 0.0
        random = np.random.default_rng([spec.seed, 0])
        self._target = (
            _GAIN * random.standard_normal((features, spec.hidden)),
            random.standard_normal((spec.hidden, spec.outputs)) / np.sqrt(spec.hidden),
        )
        self._layer = _GAIN * random.standard_normal((features, spec.hidden))
        self._counts = Counts(1)
        self._learned = 0
        self._set(np.zeros((spec.hidden, spec.hidden)), np.zeros((spec.hidden, spec.outputs)))

    def episodic(self, trail: Trail) -> list[float]:
        """See ``Measure.episodic``."""
        return self._counts.episodic(trail)

    def overall(self, trail: Trail) -> list[float]:
        """See ``Measure.overall``."""
        texts = [step for step in trail.steps if step is not None]
        bonuses = iter(self.errors(self._embed(texts)).tolist())
        return [0.0 if step is None else next(bonuses) for step in trail.steps]

    def learn(self, trails: Sequence[Trail]) -> None:
        """See ``Measure.learn``."""
        texts = sorted(text for trail in trails for text in trail.visited)
        vectors = self._embed(texts)
        hidden, drawn = self.hidden(vectors), self._draws(self.targets(vectors))
        self._learned += len(texts)
        self._set(self._gram + hidden.T @ hidden, self._cross + hidden.T @ drawn)

    def memory(self) -> dict[str, Any]:
        """See ``Measure.memory``."""
        return {
            "gram": self._gram.tolist(),
            "cross": self._cross.tolist(),
            "learned": self._learned,
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Measure.restore``."""
        self._learned = int(memory["learned"])
        self._set(np.asarray(memory["gram"], float), np.asarray(memory["cross"], float))

    def errors(self, vectors: Vectors) -> Vectors:
        """Return the bonus of each vector; 0 for a vector of zeros, which says nothing."""
        targets = self.targets(vectors)
        lengths = np.sum(targets**2, axis=1)
        missed = np.sum((self.hidden(vectors) @ self._weights - targets) ** 2, axis=1)
        errors = np.divide(missed, lengths, out=np.zeros_like(missed), where=lengths > 0)
        return np.asarray(errors, dtype=np.float64)

    def targets(self, vectors: Vectors) -> Vectors:
        """Return the random network's outputs (their means, where they are drawn)."""
        first, second = self._target
        return np.asarray(np.tanh(vectors @ first) @ second, dtype=np.float64)

    def hidden(self, vectors: Vectors) -> Vectors:
        """Return the predictor's hidden layer."""
        scaled = np.tanh(vectors @ self._layer) / np.sqrt(self._spec.hidden)
        return np.asarray(scaled, dtype=np.float64)

    def _draws(self, means: Vectors) -> Vectors:
        if not self._noise:
            return means
        random = np.random.default_rng([self._spec.seed, 1, self._learned])
        length = np.linalg.norm(means, axis=1, keepdims=True) / np.sqrt(self._spec.outputs)
        draws = means + self._noise * length * random.standard_normal(means.shape)
        return np.asarray(draws, dtype=np.float64)

    def _set(self, gram: Vectors, cross: Vectors) -> None:
        self._gram, self._cross = gram, cross
        self._weights = np.linalg.solve(gram + self._spec.ridge * np.eye(len(gram)), cross)

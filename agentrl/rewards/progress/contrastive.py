"""A scorer of whole attempts that pairs of better and worse ones taught (ARMAP)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.models.scorers.base import FitReport
from agentrl.models.scorers.measure import lesson, report, usable
from agentrl.models.scorers.pairs import Pair, pairs_of
from agentrl.rewards.progress.linear import Linear, Vector
from agentrl.rewards.progress.linear_scorer import LinearScorer
from agentrl.suite.reward.progress import ContrastiveSpec


def contrastive_loss(better: Vector, worse: Vector, centering: float = 1e-3) -> float:
    """Return ARMAP's loss of the scores of pairs (arXiv 2502.12130).

    It is the mean of ``-log sigmoid(better - worse)`` plus ``centering * |mean(better + worse)|``.

    Args:
        better: scores of the better attempts, of shape (pairs,).
        worse: scores of the worse ones.
        centering: holds scores near zero on average.

    >>> round(contrastive_loss(np.array([1.0]), np.array([0.0])), 5)
    0.31426
    """
    losses = np.logaddexp(0.0, worse - better)
    return float(losses.mean() + centering * abs((better + worse).mean()))


class ContrastiveScorer(LinearScorer[ContrastiveSpec]):
    """A linear scorer of hashed n-grams with ARMAP's loss (arXiv 2502.12130).

    Only the difference of two attempts at one task is fitted, so its numbers rank attempts and are
    no outcomes to expect. The start decides the term that centers scores and nothing else: a
    linear scorer can make that term 0, whatever its weight, and does.

    Args:
        spec: features and their regularisation.
        outcome: the result that says which attempt is better.
    """

    backend = "contrastive"
    options = ContrastiveSpec

    def fit(self, episodes: Sequence[Episode]) -> FitReport:
        """See ``ProgressScorer.fit``; what was kept to measure is learnt from at the end.

        Raises:
            UsageError: no task has a better and a worse attempt.
        """
        split = lesson(episodes, self.outcome)
        nothing = Linear.nothing(self._features.width)
        self._linear = self._learnt(nothing, split.taught, self._spec.ridge, must=True)
        self._fit = report(self.backend, split, self._last, None)
        self._linear = self._learnt(nothing, split.every, self._spec.ridge, must=True)
        return self._fit

    def update(self, episodes: Sequence[Episode]) -> None:
        """See ``ProgressScorer.update``."""
        known = usable(episodes, self.outcome)
        self._linear = self._learnt(self._linear, known, self._spec.inertia, must=False)

    def _learnt(
        self, before: Linear, episodes: Sequence[Episode], hold: float, *, must: bool
    ) -> Linear:
        pairs = pairs_of(episodes, self.outcome, self._spec.pairs)
        if not pairs:
            if must:
                raise UsageError(
                    f"no task has attempts of which one came to more {self.outcome!r} than "
                    f"another: there are no pairs to learn from; record several attempts at each "
                    f"task (rollouts.attempts), or take the backend 'text'"
                )
            return before
        better, worse = self._sums(pairs)
        weights = _held_near(before.weights, better - worse, hold)
        start = before.start
        if self._spec.centering > 0:
            start = -float(np.mean((better + worse) @ weights)) / 2
        return Linear(start, weights)

    def _sums(self, pairs: Sequence[Pair]) -> tuple[Any, Any]:
        episodes = list({e.id: e for pair in pairs for e in pair}.values())
        place = {episode.id: index for index, episode in enumerate(episodes)}
        sums = self._features.sums(episodes)
        better, worse = ([place[pair[side].id] for pair in pairs] for side in (0, 1))
        return sums[better], sums[worse]


def _held_near(before: Vector, differences: Any, hold: float) -> Vector:
    """Return the weights with the least ``sum -log sigmoid(d @ w) + hold / 2 * |w - before|^2``.

    Args:
        before: of shape (features,).
        differences: of better and worse, sparse, of shape (pairs, features).
        hold: above 0.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    def loss(weights: Vector) -> tuple[float, Vector]:
        margins, change = differences @ weights, weights - before
        value = np.logaddexp(0.0, -margins).sum() + hold / 2 * change @ change
        wrong = np.exp(-np.logaddexp(0.0, margins))  # the chance that it gives the wrong order
        return float(value), np.asarray(hold * change - differences.T @ wrong, dtype=np.float64)

    options = {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-8}
    found = minimize(loss, before, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x, dtype=np.float64)

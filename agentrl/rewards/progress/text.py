"""Progress by a linear scorer of hashed n-grams: seconds on a CPU."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agentrl.episode import Episode
from agentrl.models.scorers.base import FitReport
from agentrl.models.scorers.measure import lesson, report, usable
from agentrl.rewards.progress.linear import Linear, Vector
from agentrl.rewards.progress.linear_scorer import LinearScorer
from agentrl.suite.reward.progress import TextScorerSpec


class TextScorer(LinearScorer[TextScorerSpec]):
    """SPA's estimator (arXiv 2505.20732) as a linear model of what a turn saw and did.

    The loss is the squared error of the sum of the turns' contributions, which for a linear model
    is ridge regression on the features summed over an episode. Each turn's contribution is then
    its own features times the weights. The value before the first turn is the regression's
    intercept, which is not held near zero: our addition, so that values are outcomes to expect.
    """

    backend = "text"
    options = TextScorerSpec

    def fit(self, episodes: Sequence[Episode]) -> FitReport:
        """See ``ProgressScorer.fit``; what was kept to measure is learnt from at the end."""
        split = lesson(episodes, self.outcome)
        sums, outcomes = self._features.sums(split.every), _outcomes(split.every, self.outcome)
        taught = len(split.taught)
        self._linear = self._fitted(sums[:taught], outcomes[:taught])
        self._fit = report(self.backend, split, self._last, self._last)
        self._linear = self._fitted(sums, outcomes)
        return self._fit

    def update(self, episodes: Sequence[Episode]) -> None:
        """See ``ProgressScorer.update``."""
        known = usable(episodes, self.outcome)
        if known:
            sums, outcomes = self._features.sums(known), _outcomes(known, self.outcome)
            self._linear = self._linear.updated(sums, outcomes, self._spec.inertia)

    def _fitted(self, sums: Any, outcomes: Vector) -> Linear:
        from sklearn.linear_model import Ridge

        ridge = Ridge(alpha=self._spec.ridge, solver="sparse_cg", tol=1e-10, max_iter=10_000)
        ridge.fit(sums, outcomes)
        return Linear(float(ridge.intercept_), np.asarray(ridge.coef_, dtype=np.float64))


def _outcomes(episodes: Sequence[Episode], outcome: str) -> Vector:
    return np.asarray([e.outcome[outcome] for e in episodes], dtype=np.float64)

"""Progress by a linear scorer of hashed n-grams: seconds on a CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agentrl.episode import Episode
from agentrl.models.scorers.base import FitReport, Values
from agentrl.models.scorers.folder import Card, check_family, write_card, writing
from agentrl.models.scorers.measure import lesson, report, usable
from agentrl.rewards.progress.features import TurnFeatures
from agentrl.rewards.progress.linear import Linear, Vector
from agentrl.suite.reward.progress import TextScorerSpec


class TextScorer:
    """SPA's estimator (arXiv 2505.20732) as a linear model of what a turn saw and did.

    The loss is the squared error of the sum of the turns' contributions, which for a linear model
    is ridge regression on the features summed over an episode. Each turn's contribution is then
    its own features times the weights. The value before the first turn is the regression's
    intercept, which is not held near zero: our addition, so that values are outcomes to expect.

    Args:
        spec: features and their regularisation.
        outcome: the result that it foretells.
    """

    backend = "text"

    def __init__(self, spec: TextScorerSpec | None = None, outcome: str = "success") -> None:
        self.outcome = outcome
        self._spec = spec or TextScorerSpec()
        self._features = TurnFeatures(self._spec)
        self._linear = Linear.nothing(self._features.width)
        self._fit: FitReport | None = None

    def score(self, episode: Episode) -> Values:
        """See ``ProgressScorer.score``."""
        return self._linear.values(self._features.rows(episode))

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

    def save(self, folder: Path) -> None:
        """See ``ProgressScorer.save``."""
        fit = self._fit.to_json() if self._fit else None
        options = self._spec.model_dump(mode="json")
        card = Card(self.backend, self._features.family, self.outcome, options, fit)
        with writing(folder):
            self._linear.save(folder)
            write_card(folder, card)

    @classmethod
    def load(cls, folder: Path, card: Card) -> "TextScorer":
        """Return a saved scorer.

        Raises:
            CheckpointError: its weights are missing or damaged.
            UsageError: it was fitted to other features than its options describe.
        """
        scorer = cls(TextScorerSpec.model_validate(card.options), card.outcome)
        check_family(card, scorer._features.family, str(folder))
        scorer._linear = Linear.load(folder, scorer._features.width)
        scorer._fit = FitReport(**card.fit) if card.fit else None
        return scorer

    def memory(self) -> dict[str, Any]:
        """See ``ProgressScorer.memory``."""
        return {"family": self._features.family, **self._linear.to_data()}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``ProgressScorer.restore``.

        Raises:
            UsageError: the memory is that of a scorer with other features.
        """
        self._linear = Linear.remembered(memory, self._features.family)

    def _last(self, episode: Episode) -> float:
        return self.score(episode)[-1]

    def _fitted(self, sums: Any, outcomes: Vector) -> Linear:
        from sklearn.linear_model import Ridge

        ridge = Ridge(alpha=self._spec.ridge, solver="sparse_cg", tol=1e-10, max_iter=10_000)
        ridge.fit(sums, outcomes)
        return Linear(float(ridge.intercept_), np.asarray(ridge.coef_, dtype=np.float64))


def _outcomes(episodes: Sequence[Episode], outcome: str) -> Vector:
    return np.asarray([e.outcome[outcome] for e in episodes], dtype=np.float64)

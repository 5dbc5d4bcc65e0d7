"""What scorers of hashed n-grams share: how they score, are kept and are taken up again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from agentrl.episode import Episode
from agentrl.models.scorers.base import FitReport, Values
from agentrl.models.scorers.folder import Card, check_family, write_card, writing
from agentrl.rewards.progress.features import TurnFeatures
from agentrl.rewards.progress.linear import Linear
from agentrl.suite.reward.progress import TextScorerSpec

S = TypeVar("S", bound=TextScorerSpec)


class LinearScorer(Generic[S]):
    """A start and a weight for each feature of a turn; a subclass says how they are learnt.

    Args:
        spec: features and their regularisation; None: the defaults.
        outcome: the result that it foretells.
    """

    backend: ClassVar[str]
    options: ClassVar[type[TextScorerSpec]]
    """The class of its section."""

    def __init__(self, spec: S | None = None, outcome: str = "success") -> None:
        self.outcome = outcome
        self._spec: S = spec or self.options()  # type: ignore[assignment]  # a subclass's own
        self._features = TurnFeatures(self._spec)
        self._linear = Linear.nothing(self._features.width)
        self._fit: FitReport | None = None

    def score(self, episode: Episode) -> Values:
        """See ``ProgressScorer.score``."""
        return self._linear.values(self._features.rows(episode))

    def save(self, folder: Path) -> None:
        """See ``ProgressScorer.save``."""
        fit = self._fit.to_json() if self._fit else None
        options = self._spec.model_dump(mode="json")
        card = Card(self.backend, self._features.family, self.outcome, options, fit)
        with writing(folder):
            self._linear.save(folder)
            write_card(folder, card)

    @classmethod
    def load(cls, folder: Path, card: Card) -> Self:
        """Return a saved scorer.

        Raises:
            CheckpointError: its weights are missing or damaged.
            UsageError: it was fitted to other features than its options describe.
        """
        spec: Any = cls.options.model_validate(card.options)
        scorer = cls(spec, card.outcome)
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

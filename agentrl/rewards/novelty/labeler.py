"""Labels by novelty: ``<name>``, and its parts ``<name>/episodic`` and ``<name>/global``."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.rewards.labeling import with_signals
from agentrl.rewards.novelty.count import Counts
from agentrl.rewards.novelty.elliptical import Elliptical
from agentrl.rewards.novelty.embedding import Embed, HashedNgrams, by_signs, checked
from agentrl.rewards.novelty.measure import Measure
from agentrl.rewards.novelty.predictor import Distillation
from agentrl.rewards.novelty.trail import Trail, trail
from agentrl.suite.reward.novelty import NoveltyLabelSpec


class NoveltyLabeler:
    """States how new the steps of each episode are; see ``Labeler``.

    All episodes of a group are held against what was remembered before the group, then all are
    remembered, so that their order makes no difference. Episodes that are not scored are neither
    labeled nor remembered.

    Args:
        name: the facts' name.
        spec: what should be new, and how that is told.
        measure: tells it.
    """

    def __init__(self, name: str, spec: NoveltyLabelSpec, measure: Measure) -> None:
        self._name = name
        self._spec = spec
        self._measure = measure

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``."""
        trails = {
            index: trail(episode, self._spec.of, self._spec.ignore)
            for index, episode in enumerate(group)
            if episode.status.scored
        }
        labeled = [
            with_signals(episode, self._facts(trails[index])) if index in trails else episode
            for index, episode in enumerate(group)
        ]
        if trails and self._spec.scope != "episodic":
            self._measure.learn(list(trails.values()))
        return labeled

    def memory(self) -> dict[str, Any]:
        """See ``Labeler.memory``."""
        return {"settings": self._settings(), "measure": self._measure.memory()}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Labeler.restore``.

        Raises:
            UsageError: the memory is one of other settings.
        """
        kept, own = dict(memory["settings"]), self._settings()
        if kept != own:
            changed = sorted(key for key in own if kept.get(key) != own[key])
            raise UsageError(
                f"label {self._name}: the checkpoint's memory was made with other settings "
                f"({', '.join(changed)}); give the label its old settings, or a new name to begin "
                f"with an empty memory"
            )
        self._measure.restore(memory["measure"])

    async def close(self) -> None:
        """Nothing to let go of."""

    def _settings(self) -> dict[str, Any]:
        """Return what must be the same for a memory to mean anything."""
        return self._spec.model_dump(mode="json", exclude={"kind", "capacity", "scope"})

    def _facts(self, of: Trail) -> list[dict[str, float]]:
        match self._spec.scope:
            case "episodic":
                return [{self._name: value} for value in self._measure.episodic(of)]
            case "global":
                return [{self._name: value} for value in self._measure.overall(of)]
        pairs = zip(self._measure.episodic(of), self._measure.overall(of), strict=True)
        return [
            {
                self._name: episodic * overall,
                f"{self._name}/episodic": episodic,
                f"{self._name}/global": overall,
            }
            for episodic, overall in pairs
        ]


def build(name: str, spec: NoveltyLabelSpec, embed: Embed | None = None) -> NoveltyLabeler:
    """Return the labeler that a suite describes.

    Args:
        name: the facts' name.
        spec: the suite's section.
        embed: makes vectors of texts, ``spec.embedding.features`` wide, in place of hashed n-grams.

    Raises:
        UsageError: vectors are needed and scikit-learn is not installed.
    """
    return NoveltyLabeler(name, spec, _measure(spec, embed))


def _measure(spec: NoveltyLabelSpec, embed: Embed | None) -> Measure:
    if not spec.vectors:
        return Counts(spec.capacity)
    features = spec.embedding.features
    embedding = checked(embed or HashedNgrams(spec.embedding), features)
    embedding([""])  # says now what is not installed
    match spec.measure:
        case "count":
            return Counts(spec.capacity, by_signs(embedding, features))
        case "elliptical":
            return Elliptical(embedding, features, spec.ridge)
        case measure:
            drawn = measure == "distribution"
            return Distillation(embedding, features, spec.predictor, drawn=drawn)

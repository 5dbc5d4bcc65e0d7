"""Labels from the background: ``<name>``, and ``<name>/known``."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import UsageError
from agentrl.models.base import Model
from agentrl.models.build import build_model
from agentrl.rewards.labeling import with_signals
from agentrl.rewards.novelty.embedding import HashedNgrams
from agentrl.rewards.novelty.oni.knowledge import Classifier, Knowledge, Ranking, Table
from agentrl.rewards.novelty.oni.queue import QuestionQueue
from agentrl.rewards.novelty.trail import Trail, trail
from agentrl.rewards.subgoals.asking import Asker
from agentrl.suite.reward.intrinsic import IntrinsicLabelSpec


class IntrinsicLabeler:
    """States what is known by now about what each turn led to; see ``Labeler``.

    ``label`` never waits for the model. What is not known yet is stated as 0, with
    ``<name>/known`` at 0: the label is a bonus and no judgment of the episode, and one that is
    late is a bonus that is not paid. All episodes of a group are held against the same knowledge.

    Args:
        name: the facts' name.
        spec: what is labeled.
        knowledge: what is known.
        queue: asks for what is not.
    """

    def __init__(
        self, name: str, spec: IntrinsicLabelSpec, knowledge: Knowledge, queue: QuestionQueue
    ) -> None:
        self._name = name
        self._spec = spec
        self._knowledge = knowledge
        self.queue = queue
        """How many questions wait, were answered, dropped, or failed."""

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``.

        Raises:
            UsageError: the model's settings cannot be used.
            ServiceDownError: the model is gone for good.
        """
        labeled, seen = [], []
        for episode in group:
            if not episode.status.scored:
                labeled.append(episode)
                continue
            path = trail(episode, self._spec.of, self._spec.ignore)
            labeled.append(with_signals(episode, self._facts(path)))
            seen += path.visited
        self.queue.put(self._knowledge.questions(sorted(set(seen))))
        return labeled

    def memory(self) -> dict[str, Any]:
        """See ``Labeler.memory``."""
        return {
            "variant": self._spec.variant,
            "goal": self._spec.goal,
            "knowledge": self._knowledge.memory(),
            "dropped": self.queue.dropped,
            "failed": self.queue.failed,
            "answered": self.queue.answered,
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """See ``Labeler.restore``.

        Raises:
            UsageError: the memory is of another variant or goal.
        """
        for key, own in (("variant", self._spec.variant), ("goal", self._spec.goal)):
            if memory[key] != own:
                raise UsageError(
                    f"label {self._name}: the checkpoint's labels were given for {key} "
                    f"{memory[key]!r}, the suite says {own!r}; give the label its old {key}, or a "
                    f"new name to begin with none"
                )
        self._knowledge.restore(memory["knowledge"])
        self.queue.dropped = int(memory["dropped"])
        self.queue.failed = int(memory["failed"])
        self.queue.answered = int(memory["answered"])

    async def close(self) -> None:
        """End what is asked in the background, and close the model."""
        await self.queue.close()

    def _facts(self, path: Trail) -> list[dict[str, float]]:
        visits: Counter[str] = Counter() if path.start is None else Counter([path.start])
        rows = []
        for step in path.steps:
            value = None if step is None else self._knowledge.value(step)
            if step is not None:
                visits[step] += 1
            worth = 0.0 if step is None or value is None else value * self._share(visits[step])
            rows.append({self._name: worth, f"{self._name}/known": float(value is not None)})
        return rows

    def _share(self, visits: int) -> float:
        """Return how much of its value a text is worth at a visit, counted from 1."""
        match self._spec.repeats:
            case "once":
                return float(visits == 1)
            case "root":
                return 1 / math.sqrt(visits)
            case "all":
                return 1.0


def build(name: str, spec: IntrinsicLabelSpec, model: Model | None = None) -> IntrinsicLabeler:
    """Return the labeler that a suite describes; its model starts with the first question.

    Args:
        name: the facts' name.
        spec: the suite's section.
        model: takes the place of ``spec.model``.

    Raises:
        UsageError: the model's settings cannot be used, or scikit-learn is needed and missing.
    """
    asker = Asker(
        model or build_model(spec.model),
        max_tokens=spec.max_tokens,
        timeout_s=spec.timeout_s,
        retries=1,
        concurrency=spec.concurrency,
    )
    knowledge = _knowledge(spec)
    queue = QuestionQueue(
        asker,
        spec.goal,
        knowledge,
        bound=spec.queue,
        workers=spec.concurrency,
        fit_every=spec.fit_every,
    )
    return IntrinsicLabeler(name, spec, knowledge, queue)


def _knowledge(spec: IntrinsicLabelSpec) -> Knowledge:
    if spec.variant == "hash":
        return Table(spec.capacity)
    embed = HashedNgrams(spec.embedding)
    embed([""])  # says now what is not installed
    if spec.variant == "classifier":
        return Classifier(spec.capacity, embed)
    return Ranking(spec.capacity, embed)

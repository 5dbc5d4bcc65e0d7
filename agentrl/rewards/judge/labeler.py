"""The label of kind ``judge``: what a judge says, as facts of episodes or turns."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.episode import Episode
from agentrl.models.base import Model
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.judge import Judge, Score, Tasks, build_judge
from agentrl.rewards.judge.together import together
from agentrl.rewards.labeling import unscored, with_outcome, with_signals
from agentrl.suite.reward.judge import JudgeLabelSpec


class JudgeLabeler:
    """States ``<name>`` (0 to 1) and ``<name>/<item>`` of each episode, or of each turn.

    An episode about which the judge says nothing usable, in whole or about one of its turns, is
    not scored; the failure's kind is ``JudgeError``.

    Args:
        name: of the label.
        judge: who judges.
        per_turn: whether turns are judged, each by itself.
    """

    def __init__(self, name: str, judge: Judge, *, per_turn: bool = False) -> None:
        self._name = name
        self.judge = judge
        self._per_turn = per_turn

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``.

        Raises:
            UsageError: the judge cannot be used as it is set up.
            RunStopped: its server is gone for good.
        """
        return await together(self._label(episode) for episode in group)

    def memory(self) -> dict[str, Any]:
        """Return what the judge is told to be, which may have been rewritten."""
        return self.judge.memory()

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""
        self.judge.restore(memory)

    async def close(self) -> None:
        """Close the judge's models."""
        await self.judge.close()

    async def _label(self, episode: Episode) -> Episode:
        if not episode.status.scored:
            return episode
        try:
            if self._per_turn:
                turns = range(len(episode.turns))
                scores = await together(self.judge.score_turn(episode, at) for at in turns)
                return with_signals(episode, [self._facts(score) for score in scores])
            return with_outcome(episode, self._facts(await self.judge.score(episode)))
        except JudgeError as exc:
            return unscored(episode, "JudgeError", f"{self._name}: {exc}")

    def _facts(self, score: Score) -> dict[str, float]:
        items = {f"{self._name}/{item}": share for item, share in score.items.items()}
        return {self._name: score.total, **items}


def build(
    name: str, spec: JudgeLabelSpec, *, tasks: Tasks | None = None, model: Model | None = None
) -> JudgeLabeler:
    """Return the labeler that a suite describes.

    Args:
        name: of the label.
        spec: its section.
        tasks: the suite's tasks by id, for nuggets and ``task_data`` that stand in their data.
        model: answers instead of ``spec.model``.

    Raises:
        UsageError: the judge cannot be used as it is set up.
    """
    judge = build_judge(spec, tasks=tasks, model=model)
    return JudgeLabeler(name, judge, per_turn=spec.scope == "turn")

"""The label of kind ``tournament``: an episode's place in its group, as facts of the outcome."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.episode import Episode
from agentrl.models.base import Model
from agentrl.rewards.judge.judge import Judge, Tasks, build_judge
from agentrl.rewards.labeling import unscored, with_outcome
from agentrl.rewards.tournament.comparison import Compare
from agentrl.rewards.tournament.rank import rank_group
from agentrl.rewards.tournament.ranking import Ranking
from agentrl.rewards.tournament.rule import check_facts, rule
from agentrl.suite.reward.tournament import TournamentLabelSpec

logger = logging.getLogger(__name__)


class TournamentLabeler:
    """States ``<name>`` (the rank's reward, 0 to 1), ``<name>/rank`` and ``<name>/points``.

    Only scored episodes take part. One whose comparisons had no result is not scored; the
    failure's kind is ``JudgeError``.

    Args:
        name: of the label.
        spec: its section.
        judge: who compares; None: the rule of ``spec``.
    """

    def __init__(self, name: str, spec: TournamentLabelSpec, judge: Judge | None = None) -> None:
        self._name, self._spec = name, spec
        self.judge = judge
        self._matches = self._contradictions = 0
        self._compare = rule(spec.rule or ()) if judge is None else Compare(judge.compare)

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``.

        Raises:
            UsageError: the rule names a fact that no episode states, or the judge cannot be used
                as it is set up.
            RunStopped: the judge's server is gone for good.
        """
        players = [episode for episode in group if episode.status.scored]
        if not players:
            return list(group)
        if self.judge is None:
            check_facts(self._spec.rule or (), players)
        spec = self._spec
        ranking = await rank_group(
            players, self._compare, spec.scheme, spec.seed, rounds=spec.rounds, tries=spec.tries
        )
        self._matches += ranking.matches
        self._contradictions += ranking.contradictions
        return [self._placed(e, ranking) if e.status.scored else e for e in group]

    def memory(self) -> dict[str, Any]:
        """Return what the judge is told to be, which may have been rewritten."""
        return {} if self.judge is None else self.judge.memory()

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""
        if self.judge is not None:
            self.judge.restore(memory)

    async def close(self) -> None:
        """Close the judge's models, and say how often it contradicted itself."""
        if self.judge is not None:
            logger.info(
                "tournament %s: %d matches, in %d of them the two orders named different winners",
                self._name,
                self._matches,
                self._contradictions,
            )
            await self.judge.close()

    def _placed(self, episode: Episode, ranking: Ranking) -> Episode:
        place = ranking.places.get(episode.id)
        if place is None:
            why = ranking.unplaced[episode.id]
            return unscored(episode, "JudgeError", f"{self._name}: {why}")
        facts = {"": place.reward, "/rank": place.rank, "/points": place.points}
        return with_outcome(episode, {f"{self._name}{k}": float(v) for k, v in facts.items()})


def build(
    name: str, spec: TournamentLabelSpec, *, tasks: Tasks | None = None, model: Model | None = None
) -> TournamentLabeler:
    """Return the labeler that a suite describes.

    Args:
        name: of the label.
        spec: its section.
        tasks: the suite's tasks by id, for nuggets and ``task_data`` that stand in their data.
        model: answers instead of ``spec.judge.model``.

    Raises:
        UsageError: the judge cannot be used as it is set up.
    """
    judge = None if spec.judge is None else build_judge(spec.judge, tasks=tasks, model=model)
    return TournamentLabeler(name, spec, judge)

"""Labels by subgoals: ``<name>/<subgoal>`` is 1 on the turn that reaches it first, ``<name>`` the
share of all subgoals that the turn reaches, and ``<name>/broken`` 1 where an invariant breaks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import InfrastructureError
from agentrl.models.base import Model
from agentrl.models.build import build_model
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.together import together
from agentrl.rewards.labeling import unscored, with_signals
from agentrl.rewards.subgoals.asking import Asker
from agentrl.rewards.subgoals.static import StaticSubgoals, invariants_of
from agentrl.rewards.subgoals.subgoal import (
    Invariant,
    Subgoal,
    SubgoalProvider,
    Transition,
    Verdict,
    task_of,
    transitions,
)
from agentrl.rewards.subgoals.teacher import TaughtSubgoals
from agentrl.rewards.subgoals.tracker import Tracker
from agentrl.rewards.subgoals.verdicts import Verdicts
from agentrl.suite.reward.subgoals import InvariantSpec, SubgoalsLabelSpec


class SubgoalsLabeler:
    """States which subgoals each turn reaches; see ``Labeler``.

    Over an episode ``<name>`` sums to the share of the subgoals that were reached, at most 1. An
    episode whose subgoals or verdicts cannot be had is unscored.

    Args:
        name: the facts' name.
        providers: know the subgoals; those of later ones come after, names that were taken are
            left out.
        invariants: the suite's.
        verdicts: decide where nothing else does; None: nothing is left to a judge.
        ordered: whether each subgoal counts only after all before it.
    """

    def __init__(
        self,
        name: str,
        providers: Sequence[SubgoalProvider],
        *,
        invariants: Sequence[InvariantSpec] = (),
        verdicts: Verdicts | None = None,
        ordered: bool = False,
    ) -> None:
        self._name = name
        self._providers = tuple(providers)
        self._invariants = tuple(invariants)
        self._verdicts = verdicts
        self._ordered = ordered

    async def label(self, group: Sequence[Episode]) -> list[Episode]:
        """See ``Labeler.label``."""
        return await together(self._labeled(episode) for episode in group)

    def memory(self) -> dict[str, Any]:
        """Nothing is remembered that a checkpoint must hold: a teacher's answers are on disk."""
        return {}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Nothing to take up."""

    async def close(self) -> None:
        """Close the models."""
        for provider in self._providers:
            await provider.close()
        if self._verdicts is not None:
            await self._verdicts.close()

    async def _labeled(self, episode: Episode) -> Episode:
        if not episode.status.scored:
            return episode
        try:
            return with_signals(episode, await self._facts(episode))
        except InfrastructureError as exc:
            return unscored(episode, type(exc).__name__, f"label {self._name}: {exc}")

    async def _facts(self, episode: Episode) -> list[dict[str, float]]:
        goals = await self._subgoals(episode)
        invariants = invariants_of(self._invariants, episode.task_id)
        tracker = Tracker(goals, invariants, ordered=self._ordered)
        rows = []
        for transition in transitions(episode):
            was_broken = tracker.broken is not None
            reached = tracker.step(await self._held(tracker.watched, transition))
            row = {self._name: len(reached) / len(goals) if goals else 0.0}
            row |= {f"{self._name}/{goal.name}": float(goal.name in reached) for goal in goals}
            if invariants:
                row[f"{self._name}/broken"] = float(tracker.broken is not None and not was_broken)
            rows.append(row)
        return rows

    async def _subgoals(self, episode: Episode) -> tuple[Subgoal, ...]:
        task = task_of(episode)
        taken = {spec.name for spec in self._invariants}
        goals: dict[str, Subgoal] = {}
        for provider in self._providers:
            for goal in await provider.subgoals(task):
                if goal.name not in taken:
                    goals.setdefault(goal.name, goal)
        return tuple(goals.values())

    async def _held(
        self, watched: Sequence[Subgoal | Invariant], transition: Transition
    ) -> set[str]:
        held, asked = set(), []
        for goal in watched:
            if isinstance(goal.predicate, Verdict):
                asked.append(goal)
            elif goal.predicate.holds(transition):
                held.add(goal.name)
        if not asked:
            return held
        if self._verdicts is None:
            raise JudgeError(f"{asked[0].name} is to be judged, but there is no judge")
        return held | await self._verdicts.held(asked, transition)


def build(
    name: str,
    spec: SubgoalsLabelSpec,
    *,
    teacher: Model | None = None,
    judge: Model | None = None,
    folder: Path | None = None,
) -> SubgoalsLabeler:
    """Return the labeler that a suite describes; its models start when they are first asked.

    Args:
        name: the facts' name.
        spec: the suite's section.
        teacher: takes the place of ``spec.teacher.model``.
        judge: takes the place of ``spec.judge.model``.
        folder: where a teacher's answers are kept; None: in agentrl's cache.

    Raises:
        UsageError: a model's settings cannot be used.
    """
    providers: list[SubgoalProvider] = [StaticSubgoals(spec.subgoals)]
    if spec.teacher is not None:
        asker = Asker(
            teacher or build_model(spec.teacher.model),
            max_tokens=spec.teacher.max_tokens,
            timeout_s=spec.teacher.timeout_s,
            retries=spec.teacher.retries,
        )
        taught = TaughtSubgoals(
            asker,
            most=spec.teacher.most,
            by=spec.teacher.by,
            about=spec.teacher.about,
            folder=folder,
        )
        providers.append(taught)
    verdicts = None
    if spec.judge is not None:
        asker = Asker(
            judge or build_model(spec.judge.model),
            max_tokens=spec.judge.max_tokens,
            timeout_s=spec.judge.timeout_s,
            retries=spec.judge.retries,
            concurrency=spec.judge.concurrency,
        )
        verdicts = Verdicts(asker)
    return SubgoalsLabeler(
        name, providers, invariants=spec.invariants, verdicts=verdicts, ordered=spec.ordered
    )

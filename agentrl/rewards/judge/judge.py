"""A judge by a rubric: scores an episode, a turn, or two episodes against each other."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from agentrl.episode import Episode, Sampling
from agentrl.models.base import Model
from agentrl.models.build import build_model
from agentrl.rewards.judge.cache import VoteCache
from agentrl.rewards.judge.identity import model_identity
from agentrl.rewards.judge.interviewer import Bill, Interviewer
from agentrl.rewards.judge.jury import Jury, MetaFilter
from agentrl.rewards.judge.pace import Pace
from agentrl.rewards.judge.question import PAIR, ROLE, Asking
from agentrl.rewards.judge.rubric import Rubric, Rubrics
from agentrl.rewards.judge.workbench import INSTRUCTIONS, Tools
from agentrl.rewards.tournament.comparison import Comparison
from agentrl.suite.model import ModelSpec
from agentrl.suite.reward.judge import JudgeSpec
from agentrl.task import Task

logger = logging.getLogger(__name__)

Tasks: TypeAlias = Mapping[str, Task]
"""The suite's tasks, by id."""


@dataclass(frozen=True, slots=True)
class Score:
    """What something is worth by a rubric."""

    total: float
    """Weighted mean of the items, from 0 to 1."""
    items: Mapping[str, float]
    """Share of its points that each item got, from 0 to 1."""


class Judge:
    """Scores episodes by a rubric; use it on one event loop.

    Args:
        jury: who votes.
        asking: how questions are put; ``asking.role`` may be replaced between groups.
        rubrics: what is judged, by task.
        tasks: the suite's tasks.
        task_data: keys of a task's data that the judge is shown.
    """

    def __init__(
        self,
        jury: Jury,
        asking: Asking,
        rubrics: Rubrics,
        *,
        tasks: Tasks | None = None,
        task_data: tuple[str, ...] = (),
    ) -> None:
        self.asking = asking
        self._first_role = asking.role
        self._jury, self._rubrics = jury, rubrics
        self._tasks, self._task_data = tasks or {}, task_data

    def memory(self) -> dict[str, Any]:
        """Return what a checkpoint must hold: what the judge is told to be, if rewritten."""
        role = self.asking.role
        return {} if role == self._first_role else {"role": role}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Take up what ``memory`` returned."""
        self.asking = replace(self.asking, role=str(memory.get("role", self._first_role)))

    @property
    def jury(self) -> Jury:
        """Who votes."""
        return self._jury

    @property
    def bill(self) -> Bill:
        """What the judge has cost so far, without the meta filter's model."""
        return self._jury.interviewer.bill

    async def score(self, episode: Episode) -> Score:
        """Score a whole episode.

        Raises:
            JudgeError: too few votes could be read.
            TaskError: the rubric is made of nuggets and the task has none.
        """
        rubric = self._rubrics.of(episode.task_id)
        question = self.asking.about_episode(rubric, episode, self._known(episode))
        return _scored(rubric, (await self._jury.ask(question))[""])

    async def score_turn(self, episode: Episode, index: int) -> Score:
        """Score one turn, counted from 0, in view of what came before it.

        Raises:
            JudgeError: too few votes could be read.
            TaskError: the rubric is made of nuggets and the task has none.
        """
        rubric = self._rubrics.of(episode.task_id)
        question = self.asking.about_turn(rubric, episode, index, self._known(episode))
        return _scored(rubric, (await self._jury.ask(question))[""])

    async def compare(self, first: Episode, second: Episode) -> Comparison:
        """Show two episodes of one task in this order; the points of each are from 0 to 1.

        Raises:
            JudgeError: too few votes could be read.
            TaskError: the rubric is made of nuggets and the task has none.
        """
        rubric = self._rubrics.of(first.task_id)
        question = self.asking.about_pair(rubric, first, second, self._known(first))
        verdict = await self._jury.ask(question)
        return Comparison(*(rubric.score(verdict[name]) for name in PAIR))

    async def close(self) -> None:
        """Close the models, and say what they did."""
        logger.info("judge: %s", self.bill)
        await self._jury.close()

    def _known(self, episode: Episode) -> dict[str, object]:
        task = self._tasks.get(episode.task_id)
        data = {} if task is None else task.data
        return {key: data[key] for key in self._task_data if key in data}


def build_judge(
    spec: JudgeSpec,
    *,
    tasks: Tasks | None = None,
    model: Model | None = None,
    cache: VoteCache | None = None,
) -> Judge:
    """Return the judge that a suite describes; its first question starts the model.

    Args:
        spec: the suite's section.
        tasks: the suite's tasks by id, for nuggets and ``task_data`` that stand in their data.
        model: answers instead of ``spec.model``, which then only names it.
        cache: where votes are kept; None: in agentrl's cache, unless ``spec.cache`` is off.

    Raises:
        UsageError: the model or the rubric cannot be used as it is set up.
        MissingDependencyError: the model's library is not installed.
    """
    cache = (cache or VoteCache()) if spec.cache else None
    pace = Pace(spec.concurrency, spec.per_minute)
    tools = _tools(spec)
    interviewer = Interviewer(
        model or build_model(spec.model),
        model_identity(spec.model),
        pace,
        retries=spec.retries,
        timeout_s=spec.timeout_s,
        give_up_after=spec.give_up_after,
        cache=cache,
        tools=tools,
    )
    jury = Jury(
        interviewer,
        _sampling(spec),
        votes=spec.votes,
        combine=spec.combine,
        quorum=spec.quorum,
        meta=_meta(spec, interviewer, pace, cache),
    )
    asking = Asking(
        role=spec.prompt or ROLE,
        show=spec.show,
        max_chars=spec.max_chars,
        tools=INSTRUCTIONS if tools else "",
    )
    rubrics = Rubrics(spec.rubric, tasks or {})
    return Judge(jury, asking, rubrics, tasks=tasks, task_data=spec.task_data)


def _tools(spec: JudgeSpec) -> Tools | None:
    return Tools(spec.sandbox, spec.max_tool_calls, spec.tool_s) if spec.tools else None


def _sampling(spec: JudgeSpec) -> Sampling:
    temperature = spec.temperature
    if temperature is None:
        temperature = 0.0 if spec.votes == 1 else 1.0
    return Sampling(temperature=temperature, max_tokens=spec.max_tokens, seed=spec.seed)


def _meta(
    spec: JudgeSpec, judge: Interviewer, pace: Pace, cache: VoteCache | None
) -> MetaFilter | None:
    if spec.meta_filter is None:
        return None
    chosen: ModelSpec | None = spec.meta_filter.model
    if chosen is None:
        return MetaFilter(judge, spec.meta_filter.keep)
    interviewer = Interviewer(
        build_model(chosen),
        model_identity(chosen),
        pace,
        retries=spec.retries,
        timeout_s=spec.timeout_s,
        give_up_after=spec.give_up_after,
        cache=cache,
    )
    return MetaFilter(interviewer, spec.meta_filter.keep)


def _scored(rubric: Rubric, shares: Mapping[str, float]) -> Score:
    return Score(rubric.score(shares), dict(shares))

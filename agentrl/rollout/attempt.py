"""One attempt at one job: the loop of an environment and an agent, turn by turn."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from agentrl.agents.base import Action, Agent, Session, View
from agentrl.episode import Episode, Failure, Status, StopReason, Turn
from agentrl.errors import (
    AgentrlError,
    ContextFullError,
    DeadlineError,
    InfrastructureError,
    ModelError,
    UnscoredError,
    boundary,
)
from agentrl.rollout.job import Job
from agentrl.rollout.lane import Lane
from agentrl.rollout.world import World, WorldStep
from agentrl.suite.spec import LimitsSpec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended."""

    status: Status
    stop_reason: StopReason
    outcome: Mapping[str, float] = field(default_factory=dict)
    error: Failure | None = None


class Attempt:
    """One attempt at one job; ``play`` returns its record and never leaves the world open.

    An infrastructure failure ends the attempt as ``infra_failed``, a cancellation as
    ``cancelled``: the turns so far are kept in both. Only what concerns the whole run is raised:
    ``UsageError`` (such as a task that cannot be used) and ``RunStopped``.
    """

    def __init__(
        self, job: Job, world: World, agent: Agent, lane: Lane, limits: LimitsSpec
    ) -> None:
        self.stuck = False
        """Whether the environment hung on its lane when the attempt ended."""
        self.close_s = 10.0
        """How long the end of the attempt waits for its environment to close."""
        self._job = job
        self._world = world
        self._agent = agent
        self._lane = lane
        self._limits = limits
        self._turns: list[Turn] = []
        self._last_observation = ""

    async def play(self) -> Episode:
        """Play to the end and return the record."""
        started = time.perf_counter()
        try:
            ending = await self._play_to_an_end()
        except InfrastructureError as exc:
            ending = _failed(Status.INFRA_FAILED, exc)
        except UnscoredError as exc:
            ending = _failed(Status.UNSCORED, exc)
        except asyncio.CancelledError:
            ending = Ending(Status.CANCELLED, StopReason.CANCELLED)
        finally:
            await self._close()
        return self._record(ending, time.perf_counter() - started)

    async def _play_to_an_end(self) -> Ending:
        time_limit = asyncio.timeout(self._limits.episode_s)
        try:
            async with time_limit:
                return await self._turn_by_turn()
        except TimeoutError:
            if not time_limit.expired():
                raise
            return await self._cut_off(StopReason.DEADLINE)

    async def _turn_by_turn(self) -> Ending:
        job = self._job
        view, instructions, advised = await self._on_lane(
            "reset", lambda: self._world.reset(job.task, job.seed, job.prefix)
        )
        session = self._agent.session(job.key, instructions, job.agent_seed)
        played = len(job.prefix.turns) if job.prefix else 0
        for _ in range((self._limits.max_turns or advised) - played):
            self._last_observation = view.observation
            turn_started = time.perf_counter()
            try:
                action = await self._ask(session, view)
            except ContextFullError:
                return await self._cut_off(StopReason.CONTEXT_FULL)
            if action is None:
                outcome = await self._on_lane("outcome", self._world.outcome)
                return Ending(Status.OK, StopReason.AGENT_GAVE_UP, outcome)
            step = await self._carry_out(action, view)
            self._turns.append(_turn(view, action, step, time.perf_counter() - turn_started))
            view = step.view
            self._last_observation = view.observation
            if step.terminated:
                return Ending(Status.OK, StopReason.TERMINATED, step.outcome or {})
            if step.truncated:
                return Ending(Status.TRUNCATED, StopReason.ENV_TRUNCATED, step.outcome or {})
        return await self._cut_off(StopReason.MAX_TURNS)

    async def _ask(self, session: Session, view: View) -> Action | None:
        with boundary(ModelError, f"agent {self._agent.name}"):
            return await self._in_time("action of the agent", session.act(view))

    async def _carry_out(self, action: Action, view: View) -> WorldStep:
        if action.refusal is None:
            return await self._on_lane("step", lambda: self._world.step(action.text))
        answered = View(action.refusal, view.legal_actions, view.expert_action)
        return WorldStep(answered, {}, 0.0, terminated=False, truncated=False, outcome=None)

    async def _cut_off(self, reason: StopReason) -> Ending:
        outcome = await self._on_lane("outcome", self._world.outcome)
        return Ending(Status.TRUNCATED, reason, outcome)

    async def _on_lane(self, what: str, function: Callable[[], T]) -> T:
        return await self._in_time(f"{what} of the environment", self._lane.call(function))

    async def _in_time(self, what: str, awaitable: Awaitable[T]) -> T:
        time_limit = asyncio.timeout(self._limits.turn_s)
        try:
            async with time_limit:
                return await awaitable
        except TimeoutError:
            if not time_limit.expired():
                raise
            raise DeadlineError(
                f"{what} took longer than limits.turn_s = {self._limits.turn_s:g} s "
                f"in task {self._job.task.id!r}"
            ) from None

    async def _close(self) -> None:
        """Close the world on its thread; one that does not come back in time stays stuck."""
        self.stuck = True
        with suppress(TimeoutError, InfrastructureError):
            async with asyncio.timeout(self.close_s):
                await self._lane.call(self._world.close)
                self.stuck = False

    def _record(self, ending: Ending, duration_s: float) -> Episode:
        job, turns = self._job, tuple(self._turns)
        generations = [g for turn in turns for g in turn.generations]
        return Episode(
            id=job.key,
            task_id=job.task.id,
            group_id=job.group_id,
            seed=job.seed,
            agent=self._agent.name,
            status=ending.status,
            stop_reason=ending.stop_reason,
            turns=turns,
            final_observation=self._last_observation,
            outcome=ending.outcome,
            error=ending.error,
            task_group=job.task.group,
            attempt=job.attempt,
            cost_usd=sum(g.cost_usd for g in generations) + sum(map(_spent, turns)),
            duration_s=duration_s,
            weights_version=generations[0].weights_version if generations else 0,
        )


def _turn(view: View, action: Action, step: WorldStep, duration_s: float) -> Turn:
    return Turn(
        observation=view.observation,
        action=action.text,
        generations=action.generations,
        signals={**step.signals, **action.signals},
        env_reward=step.reward,
        duration_s=duration_s,
        calls=step.calls,
    )


def _spent(turn: Turn) -> float:
    """Return what the workers that were asked on a turn cost, in USD."""
    return sum(call.generation.cost_usd for call in turn.calls if call.generation is not None)


def _failed(status: Status, error: AgentrlError) -> Ending:
    return Ending(status, StopReason.ERROR, error=Failure(type(error).__name__, str(error)))

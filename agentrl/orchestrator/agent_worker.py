"""An agent with an environment as a worker: a node of a workflow can be a whole episode."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from agentrl.agents.base import Agent, View
from agentrl.agents.build import build_agent
from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env, env_class
from agentrl.envs.tasks import world_seed
from agentrl.episode import Episode, Status, Usage
from agentrl.models.build import build_model
from agentrl.orchestrator.accounting import usd
from agentrl.orchestrator.from_scratch import with_checkpoint
from agentrl.orchestrator.model_worker import own_generation
from agentrl.orchestrator.worker import Answer, Descriptor, Request, WorkerFailedError
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job
from agentrl.rollout.lane import Lanes
from agentrl.rollout.prefix import Prefix
from agentrl.rollout.world import World, WorldStep
from agentrl.suite.spec import LimitsSpec
from agentrl.suite.worker import AgentWorkerSpec
from agentrl.task import Task


class AgentWorker:
    """Plays one episode on the request's task and answers with what the agent handed in.

    The agent is shown the node's instruction, and what the node sees of others, after the first
    observation. Its answer is what the environment says that it has handed in (a patch), else what
    it did last. What it took is the sum over its turns.

    Args:
        name: the worker's name in its pool.
        spec: the environment, its sandbox and the limits.
        agent: who acts; it is started when it is first asked, and closed with the worker.
        descriptor: what is known about it; without prices an episode costs what its model says.
    """

    def __init__(
        self, name: str, spec: AgentWorkerSpec, agent: Agent, descriptor: Descriptor
    ) -> None:
        self.name = name
        self.descriptor = descriptor
        self._spec = spec
        self._agent = agent
        self._build = partial(build_env, spec.env, spec.sandbox)
        self._blocking = env_class(spec.env.id).blocking
        self._lanes = Lanes()
        self._starting = asyncio.Lock()
        self._started = False

    async def answer(self, request: Request) -> Answer:
        """Play an episode and return its result.

        Raises:
            WorkerFailedError: the episode could not be played, or handed in nothing.
            UsageError: the task is none of the environment.
        """
        await self._start()
        started = time.perf_counter()
        world = _Workplace(self._spec.env.id, self._build, self._agent, request)
        episode = await self._play(request, world)
        if episode.status is Status.INFRA_FAILED:
            why = episode.error.message if episode.error else episode.status
            raise WorkerFailedError(self.name, f"could not finish its episode: {why}")
        usage = _used(episode)
        priced = usd(usage, self.descriptor)
        generation = own_generation(
            world.result,
            self.name,
            finish_reason=str(episode.stop_reason),
            usage=usage,
            cost_usd=episode.cost_usd if priced is None else priced,
            latency_s=time.perf_counter() - started,
        )
        return Answer(world.result, generation, note=f"{len(episode.turns)} turns")

    async def close(self) -> None:
        """Close the agent and the threads of its environments."""
        async with self._starting:
            if self._started:
                self._started = False
                self._lanes.close()
                await self._agent.close()

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                await self._agent.start()
                self._started = True

    async def _play(self, request: Request, world: "_Workplace") -> Episode:
        spec, task = self._spec, request.task
        # A little sooner than the guard gives up, so that what is there by then counts.
        episode_s = 0.9 * spec.guard.timeout_s
        limits = LimitsSpec(max_turns=spec.max_turns, turn_s=spec.turn_s, episode_s=episode_s)
        job = Job(
            key=f"{task.id}/{request.node}/{request.seed}",
            task=task,
            seed=world_seed(spec.seed, task),
            agent_seed=request.seed % 2**31,
        )
        lane = self._lanes.enter(blocking=self._blocking)
        attempt = Attempt(job, world, self._agent, lane, limits)
        try:
            episode = await attempt.play()
        finally:
            self._lanes.leave(lane, stuck=attempt.stuck)
        if episode.status is Status.CANCELLED:
            raise asyncio.CancelledError  # an attempt records it; a worker has nobody to tell
        return episode


class _Workplace(World):
    """A world that shows the node's request first, and keeps what was handed in at the end."""

    def __init__(self, name: str, build: partial[TextEnv], agent: Agent, request: Request) -> None:
        super().__init__(name, build, agent.needs)
        self._request = request
        self._last = ""
        self.result = ""
        """What the agent handed in, after ``close``."""

    def reset(self, task: Task, seed: int, prefix: Prefix | None = None) -> tuple[View, str, int]:
        view, instructions, turns = super().reset(task, seed, prefix)
        part = _part(self._request)
        shown = f"{view.observation}\n\n{part}" if part else view.observation
        return replace(view, observation=shown), instructions, turns

    def step(self, action: str) -> WorldStep:
        self._last = action
        return super().step(action)

    def close(self) -> None:
        env = self._env
        try:
            if env is not None:
                handed_in = env.handed_in()
                self.result = self._last if handed_in is None else handed_in
        finally:
            super().close()


def build_agent_worker(
    name: str, spec: AgentWorkerSpec, descriptor: Descriptor, texts: Sequence[str] = ()
) -> AgentWorker:
    """Return the agent worker that a pool describes, not yet started.

    Raises:
        UsageError: its model or its environment cannot be used.
    """
    model = None
    if spec.agent.kind == "llm" and spec.agent.model is not None:
        model = build_model(with_checkpoint(spec.agent.model, texts))
    agent = build_agent(spec.agent, model, env_class(spec.env.id))
    return AgentWorker(name, spec, agent, descriptor)


def _part(request: Request) -> str:
    """Return what the workflow adds to the task, as the agent is shown it."""
    parts = [f"Done before by others ({s.instruction}):\n{s.answer}" for s in request.sees]
    if request.instruction:
        parts.append(f"What you are asked to do about it:\n{request.instruction}")
    return "\n\n".join(parts)


def _used(episode: Episode) -> Usage:
    usages = [g.usage for turn in episode.turns for g in turn.generations]
    return Usage(
        sum(u.prompt_tokens for u in usages),
        sum(u.completion_tokens for u in usages),
        sum(u.cached_tokens for u in usages),
    )

"""Playing jobs in this process: on its event loop, and on its environments' threads."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from agentrl.agents.base import Agent
from agentrl.agents.build import build_agent
from agentrl.envs.build import build_env, env_class
from agentrl.episode import Episode
from agentrl.models.build import build_model
from agentrl.rewards.compose import annotate
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job
from agentrl.rollout.lag import LoopLag
from agentrl.rollout.lane import Lanes
from agentrl.rollout.world import World
from agentrl.suite.spec import SuiteSpec


def local_player(
    spec: SuiteSpec, *, model_url: str | None = None, log_folder: Path | None = None
) -> "LocalPlayer":
    """Return a player of the suite for this process; nothing is loaded before its ``start``.

    Args:
        spec: what to play.
        model_url: where the model's server is, if it was started elsewhere.
        log_folder: where a server that the model starts writes.
    """
    model = None
    if spec.agent.kind == "llm" and spec.agent.model is not None:
        model = build_model(spec.agent.model, base_url=model_url, log_folder=log_folder)
    return LocalPlayer(spec, build_agent(spec.agent, model, env_class(spec.env.id)))


class LocalPlayer:
    """Plays jobs on this process's event loop and its environments' threads."""

    def __init__(self, spec: SuiteSpec, agent: Agent) -> None:
        self.playing = 0
        """Episodes under way."""
        self._spec = spec
        self._agent = agent
        self._build = partial(build_env, spec.env, spec.sandbox, spec.orchestrator)
        self._blocking = env_class(spec.env.id).blocking
        self._lanes = Lanes()
        self._lag = LoopLag()

    @property
    def agent_name(self) -> str:
        """What records call the agent."""
        return self._agent.name

    async def start(self) -> None:
        self._lag.start()
        await self._agent.start()

    async def play(self, job: Job) -> Episode:
        lane = self._lanes.enter(blocking=self._blocking)
        world = World(self._spec.env.id, self._build, self._agent.needs)
        attempt = Attempt(job, world, self._agent, lane, self._spec.limits)
        self.playing += 1
        try:
            episode = await attempt.play()
        finally:
            self.playing -= 1
            self._lanes.leave(lane, stuck=attempt.stuck)
        (annotated,) = annotate(self._spec.reward, [episode])
        return annotated

    async def close(self) -> None:
        await self._lag.stop()
        self._lanes.close()
        await self._agent.close()

    def loop_lag(self) -> Sequence[float]:
        return self._lag.samples

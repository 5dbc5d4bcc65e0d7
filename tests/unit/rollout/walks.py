"""Recorded walks through a real maze."""

import asyncio
from functools import partial

from agentrl.agents.base import Agent
from agentrl.envs.build import build_env
from agentrl.episode import Episode
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job
from agentrl.rollout.lane import Lane
from agentrl.rollout.world import World
from agentrl.suite.spec import EnvSpec, LimitsSpec
from agentrl.task import Task

TASK = Task("maze", seed=3)
BUILD = partial(build_env, EnvSpec(id="agentrl/Maze-v0", options={"size": 5}))


async def play(job: Job, agent: Agent, max_turns: int = 10) -> Episode:
    """Play a job in the maze."""
    world = World("maze", BUILD, agent.needs)
    return await Attempt(job, world, agent, Lane("t"), LimitsSpec(max_turns=max_turns)).play()


def walked(agent: Agent) -> Episode:
    """Return an episode of the maze."""
    return asyncio.run(play(Job("e", TASK, seed=3, agent_seed=1), agent))

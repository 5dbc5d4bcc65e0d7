"""Attempts of the policy that go on from turns of its episodes."""

import asyncio

from agentrl.episode import Episode
from agentrl.rewards.build import Rollouts
from agentrl.rollout.job import Job
from agentrl.rollout.values import RolloutValues
from agentrl.training.workshop import Workshop


def rollouts_of(workshop: Workshop) -> Rollouts:
    """Return what plays on with the engine's weights, by the rules that the training begins with.

    These attempts have slots of their own: a group is labeled while others are still played.
    """
    spec, plan = workshop.spec, workshop.plan
    slots = asyncio.Semaphore(spec.rollouts.concurrency)

    async def play(job: Job) -> Episode:
        async with workshop.playground.rollout(spec) as rollout, slots:
            return await rollout.play(job)

    return lambda label: RolloutValues(play, plan.tasks, label, seed=plan.train.seed)

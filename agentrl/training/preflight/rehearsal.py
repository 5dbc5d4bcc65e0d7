"""Playing a few episodes and asking the checks about them."""

import torch
from torch import Tensor

from agentrl.episode import Episode
from agentrl.rewards.appraiser import build_appraiser
from agentrl.suite.spec import SuiteSpec
from agentrl.suite.train import SamplerSpec
from agentrl.training.batch import make_batch
from agentrl.training.collect import Collector, Group
from agentrl.training.feed import previewed
from agentrl.training.packing import pack
from agentrl.training.playing_on import rollouts_of
from agentrl.training.policy import Policy
from agentrl.training.preflight.checks import (
    check_episodes,
    check_expert,
    check_gap,
    check_mask,
    check_parser,
    check_prefix,
    check_rewards,
    check_terms,
)
from agentrl.training.preflight.finding import Finding
from agentrl.training.preflight.room import available_bytes, check_memory, estimate
from agentrl.training.sample import Batch
from agentrl.training.schedules import Schedules
from agentrl.training.table import token_table
from agentrl.training.trainable import Trainable
from agentrl.training.warm_start import expert_episodes
from agentrl.training.workshop import Workshop

PREFLIGHT = "preflight.jsonl"
"""File of the episodes that were played for it."""
_MOST_OF_A_TASK = 8


async def preflight(workshop: Workshop) -> list[Finding]:
    """Play a few episodes with the weights as they are, and return what they show.

    Raises:
        UsageError: a task cannot be used.
        RunStopped: a service gave out.
    """
    groups = await _sample(workshop)
    spec = workshop.spec
    assert spec.train is not None
    episodes = [episode for group in groups for episode in group.episodes]
    findings = [check_episodes(episodes, spec), check_parser(episodes, spec)]
    if _imitates_expert(spec):
        findings.append(check_expert(await _expert(workshop)))
    batch = make_batch([group.episodes for group in groups])
    if batch.samples:
        trainer, sampler = await workshop.arithmetic.run(
            lambda: _logprobs(workshop.policy, batch, workshop.plan.train.tokens_per_pass)
        )
        findings += [
            check_mask(batch),
            check_prefix(batch),
            check_rewards(groups, spec),
            check_terms(episodes, spec),
            check_gap(trainer, sampler, spec.policy.sync_tolerance),
            *_memory(workshop, batch),
        ]
    return findings


def _memory(workshop: Workshop, batch: Batch) -> list[Finding]:
    policy = workshop.policy
    if not isinstance(policy, Policy):
        return []  # of anything but a language model there is too little to speak of
    need = estimate(policy, batch, workshop.plan.train)
    return [check_memory(need, available_bytes(policy.device))]


async def _sample(workshop: Workshop) -> list[Group]:
    train = workshop.plan.train
    size = min(train.group_size, _MOST_OF_A_TASK)
    small = train.model_copy(update={"group_size": size, "sampler": SamplerSpec()})
    spec = Schedules(workshop.plan.suite).spec_at(1).model_copy(update={"train": small})
    appraiser = build_appraiser(spec.reward, workshop.plan.tasks, rollouts_of(workshop))
    collector = Collector(
        workshop.playground,
        lambda episode: workshop.folder.append(episode, PREFLIGHT),
        seed=train.seed,
        concurrency=spec.rollouts.concurrency,
        appraiser=appraiser,
    )
    tasks = workshop.plan.tasks[: train.preflight]
    name = f"preflight: playing {size} episodes of {len(tasks)} tasks"
    try:
        async with workshop.phase(name, collector, lambda: collector.planned):
            groups = [await collector.group(f"preflight/{t.id}", t, spec) for t in tasks]
    finally:
        await appraiser.close()
    return previewed(appraiser, spec, groups)


def _imitates_expert(spec: SuiteSpec) -> bool:
    assert spec.train is not None
    return spec.train.sft is not None and spec.train.sft.source == "expert"


async def _expert(workshop: Workshop) -> list[Episode]:
    plan = workshop.plan
    tasks = (plan.sft or plan.tasks)[: plan.train.preflight]
    return await expert_episodes(workshop, tasks, PREFLIGHT)


@torch.no_grad()
def _logprobs(policy: Trainable, batch: Batch, budget: int) -> tuple[Tensor, Tensor]:
    """Return the trainer's and the sampler's log-probabilities of every token."""
    table = token_table(batch)
    found = torch.zeros(table.size)
    for one in pack(table, range(len(table.episode_ids)), budget, together=policy.packs):
        found[one.index] = policy.outputs(table, one).logprobs.float().cpu()
    return found, table.sampler_logprobs

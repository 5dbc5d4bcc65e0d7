"""Episodes for supervised training: of an expert, of an earlier run, or the policy's own best."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from agentrl.episode import Episode, Status
from agentrl.errors import RecordError
from agentrl.models.chat import HFChatTokenizer
from agentrl.rewards.compose import annotate_batch
from agentrl.rollout.appraise import by_group
from agentrl.rollout.job import plan_jobs
from agentrl.rollout.rollout import Rollout
from agentrl.runs.folder import read_episodes
from agentrl.suite.train import SftSpec
from agentrl.task import Task
from agentrl.training.batch import make_batch
from agentrl.training.demonstration import DemonstrationAgent
from agentrl.training.sample import Batch
from agentrl.training.workshop import Workshop

DEMONSTRATIONS = "sft.jsonl"
"""File of the episodes that were played for it."""


async def warm_start(workshop: Workshop, sft: SftSpec) -> Batch:
    """Return what supervised training learns from.

    Raises:
        RecordError: no episode is good enough, or a recorded one has no tokens.
        UsageError: a task cannot be used.
    """
    tasks = workshop.plan.sft or workshop.plan.tasks
    if sft.source == "run":
        recorded = by_group(list(read_episodes(Path(sft.run or ""))))
        rewarded, _ = annotate_batch(workshop.spec.reward, recorded)
        episodes = [episode for group in rewarded for episode in group]
    elif sft.source == "expert":
        episodes = await expert_episodes(workshop, tasks)
    else:
        async with workshop.playground.rollout(workshop.spec) as rollout:
            attempts = await _play(workshop, rollout, tasks, sft.attempts)
        episodes = _best(attempts, sft.best)
    good = [episode for episode in episodes if _is_good(episode, sft)]
    batch = make_batch(by_group(good))
    if not batch.trajectories:
        threshold = "a success" if sft.min_reward is None else f"reward {sft.min_reward:g}"
        raise RecordError(
            f"train.sft: none of {len(episodes)} episodes of source {sft.source!r} reaches "
            f"{threshold} and has answers of a model; lower train.sft.min_reward, or take other "
            f"tasks"
        )
    return batch


async def demonstrate(workshop: Workshop) -> dict[str, Batch]:
    """Return by task id how an expert solves the tasks of RL; those it cannot are missing."""
    episodes = await expert_episodes(workshop, workshop.plan.tasks)
    solved = [e for e in episodes if e.outcome.get("success", 0.0) >= 1.0]
    return {e.task_id: make_batch([[e]]) for e in solved}


async def expert_episodes(
    workshop: Workshop, tasks: Sequence[Task], file: str = DEMONSTRATIONS
) -> list[Episode]:
    """Return how an expert that speaks as the agent must attempts some tasks.

    Args:
        workshop: where it plays.
        tasks: each is attempted once.
        file: of the run folder, which gets the episodes.
    """
    model = workshop.model
    assert isinstance(model.tokenizer, HFChatTokenizer)
    agent = DemonstrationAgent(workshop.spec.agent, model.tokenizer, model.context_window)
    async with workshop.playground.rollout_of(workshop.spec, agent) as rollout:
        return await _play(workshop, rollout, tasks, 1, file)


async def _play(
    workshop: Workshop,
    rollout: Rollout,
    tasks: Sequence[Task],
    attempts: int,
    file: str = DEMONSTRATIONS,
) -> list[Episode]:
    rollouts = workshop.spec.rollouts.model_copy(update={"attempts": attempts})
    jobs = plan_jobs(tasks, rollouts)
    episodes: list[Episode] = []

    def take(episode: Episode) -> None:
        if episode.status is Status.CANCELLED:
            raise asyncio.CancelledError
        workshop.folder.append(episode, file)
        episodes.append(episode)

    async with workshop.phase("collecting episodes to imitate", rollout, lambda: len(jobs)):
        await rollout.run(jobs, take)
    return sorted(episodes, key=lambda episode: episode.id)


def _best(episodes: Sequence[Episode], count: int) -> list[Episode]:
    """Return the episodes with the most reward of each task."""
    groups = by_group([episode for episode in episodes if episode.status.scored])
    return [
        episode
        for group in groups
        for episode in sorted(group, key=lambda episode: -episode.reward)[:count]
    ]


def _is_good(episode: Episode, sft: SftSpec) -> bool:
    if not episode.status.scored or not any(turn.generations for turn in episode.turns):
        return False
    if sft.min_reward is not None:
        return episode.reward >= sft.min_reward
    return episode.outcome.get("success", 0.0) >= 1.0

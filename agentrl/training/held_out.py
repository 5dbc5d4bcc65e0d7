"""Attempting the held-out tasks: how good the policy is where it was never trained."""

import asyncio
from dataclasses import replace

from agentrl.episode import Episode, Status
from agentrl.rollout.job import plan_jobs
from agentrl.runs.training import EVALUATIONS, Evaluation, Stage, evaluate
from agentrl.training.workshop import Workshop


async def attempt_held_out(workshop: Workshop, stage: Stage, step: int) -> Evaluation | None:
    """Attempt every held-out task with the engine's weights; None where the suite has none.

    The episodes, the metrics and the watch get what came of it.

    Raises:
        UsageError: a task cannot be used.
        RunStopped: the disk or a service gave out.
    """
    spec = workshop.spec
    section = workshop.plan.train.evaluation
    if section is None:
        return None
    rollouts = spec.rollouts.model_copy(update={"attempts": section.attempts})
    # The seeds of a task are the same every time, so evaluations differ by their weights alone.
    jobs = [
        replace(job, key=f"{stage}-{step}/{job.key}")
        for job in plan_jobs(workshop.plan.held_out, rollouts)
    ]
    episodes: list[Episode] = []

    def take(episode: Episode) -> None:
        if episode.status is Status.CANCELLED:
            raise asyncio.CancelledError
        workshop.folder.append(episode, EVALUATIONS)
        episodes.append(episode)

    name = f"attempting {len(workshop.plan.held_out)} held-out tasks ({_LABELS[stage]})"
    async with (
        workshop.playground.rollout(spec, temperature=section.temperature) as rollout,
        workshop.phase(name, rollout, lambda: len(jobs)),
    ):
        await rollout.run(jobs, take)
    evaluation = evaluate(episodes, stage, step)
    line = {"step": step, "phase": "evaluation", "stage": stage, **evaluation.metrics}
    workshop.folder.append_metrics(line)
    workshop.watch.evaluation(evaluation)
    return evaluation


_LABELS = {
    "base": "before training",
    "sft": "after supervised training",
    "step": "during RL",
    "rl": "after RL",
}

"""A whole run: a suite's tasks, played into a run folder."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentrl.agents.choice.build import check_choice
from agentrl.envs.build import check_options, check_reward, check_sandbox
from agentrl.envs.tasks import load_tasks
from agentrl.episode import Episode
from agentrl.rewards.build import Rollouts
from agentrl.rollout.appraise import appraise_run
from agentrl.rollout.job import Job, plan_jobs
from agentrl.rollout.playing import playing
from agentrl.rollout.rollout import Rollout
from agentrl.rollout.signals import stop_on_signals
from agentrl.rollout.values import RolloutValues, check_labels, plays_on
from agentrl.runs.folder import RunFolder
from agentrl.suite import Suite, SuiteSpec
from agentrl.task import Task

logger = logging.getLogger(__name__)

METRICS_PERIOD_S = 10.0
"""Time between two lines of ``metrics.jsonl``."""


class Watch(Protocol):
    """Sees a run while it goes on: a progress bar, a tracker."""

    def update(self, episode: Episode, *, resumed: bool = False) -> None:
        """An episode ended, or with ``resumed`` had ended before this start of the run."""

    def tick(self, running: int | None = None) -> None:
        """Some time passed; ``running`` episodes are under way."""


class Nobody:
    """Watches nothing."""

    def update(self, episode: Episode, *, resumed: bool = False) -> None:
        pass

    def tick(self, running: int | None = None) -> None:
        pass


@dataclass(frozen=True, slots=True)
class RunStats:
    """What only the running process knew."""

    planned: int
    """Episodes that the run has in all."""
    duration_s: float
    """How long this start of the run took."""
    loop_lag_s: tuple[float, ...]
    """Measured delays of the event loops that played."""
    resumed: bool
    """Whether an earlier start had played some of the episodes."""
    interrupted: bool
    """Whether the user stopped it."""


def check_suite(suite: Suite) -> tuple[Task, ...]:
    """Check what can be checked before anything is written, and return the suite's tasks.

    Raises:
        UsageError: the environment, its options, the tasks or a label cannot be used.
    """
    check_options(suite)
    check_reward(suite)
    check_sandbox(suite)
    check_choice(suite)
    tasks = load_tasks(suite)
    check_labels(suite.spec.reward, tasks)
    return tasks


def run_suite(
    suite: Suite, tasks: Sequence[Task], folder: RunFolder, watch: Watch | None = None
) -> RunStats:
    """Play every episode that the folder does not hold yet.

    Raises:
        UsageError: a task or the model cannot be used.
        RunStopped: the disk or a service gave out; what was finished is in the folder.
    """
    return asyncio.run(_run(suite.spec, tasks, folder, watch or Nobody()))


async def _run(spec: SuiteSpec, tasks: Sequence[Task], folder: RunFolder, watch: Watch) -> RunStats:
    planned = plan_jobs(tasks, spec.rollouts)
    done = set()
    for episode in folder.episodes():
        done.add(episode.id)
        watch.update(episode, resumed=True)
    jobs = [job for job in planned if job.key not in done]
    logger.info("%d episodes to play, %d are there already", len(jobs), len(done))
    asks_to_play = plays_on(spec.reward)
    if not jobs and not asks_to_play:
        await appraise_run(spec.reward, tasks, folder)
        return RunStats(len(planned), 0.0, (), resumed=True, interrupted=False)
    started = time.perf_counter()
    async with playing(spec, tasks, folder.path) as player:
        rollout = Rollout(player, concurrency=_concurrency(spec), retries=spec.rollouts.retries)
        interrupted = await _play_all(rollout, jobs, folder, watch)
        if asks_to_play and not interrupted:
            await appraise_run(spec.reward, tasks, folder, _rollouts(rollout, tasks, spec))
    if not asks_to_play and not interrupted:
        await appraise_run(spec.reward, tasks, folder)
    return RunStats(
        planned=len(planned),
        duration_s=time.perf_counter() - started,
        loop_lag_s=tuple(player.loop_lag()),
        resumed=bool(done),
        interrupted=interrupted,
    )


async def _play_all(rollout: Rollout, jobs: Sequence[Job], folder: RunFolder, watch: Watch) -> bool:
    """Play the jobs; return whether the user stopped it."""
    interrupted = False

    def emit(episode: Episode) -> None:
        folder.append(episode)
        watch.update(episode)

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        logger.warning("stopping: episodes under way are recorded as cancelled")
        rollout.stop()

    reporting = asyncio.create_task(_report_progress(rollout, folder, watch))
    try:
        with stop_on_signals(stop):
            await rollout.run(jobs, emit)
    finally:
        reporting.cancel()
        watch.tick(rollout.running)
    return interrupted


async def _report_progress(rollout: Rollout, folder: RunFolder, watch: Watch) -> None:
    written = time.monotonic()
    while True:
        await asyncio.sleep(0.25)
        watch.tick(rollout.running)
        if time.monotonic() - written >= METRICS_PERIOD_S:
            written = time.monotonic()
            folder.append_metrics(
                {"done": rollout.done, "running": rollout.running, "retried": rollout.retried}
            )


def _rollouts(rollout: Rollout, tasks: Sequence[Task], spec: SuiteSpec) -> Rollouts:
    """Return what plays on from recorded turns, as many attempts at a time as a run has."""
    slots = asyncio.Semaphore(_concurrency(spec))

    async def play(job: Job) -> Episode:
        async with slots:
            return await rollout.play(job)

    return lambda label: RolloutValues(play, tasks, label, seed=spec.rollouts.seed)


def _concurrency(spec: SuiteSpec) -> int:
    """A person plays one episode at a time."""
    return 1 if spec.agent.kind == "human" else spec.rollouts.concurrency

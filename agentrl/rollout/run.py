"""A whole run: a suite's tasks, played into a run folder."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from agentrl.envs.build import check_options
from agentrl.envs.tasks import load_tasks
from agentrl.episode import Episode
from agentrl.models.build import shared_server
from agentrl.models.scratch import scratch_checkpoint
from agentrl.rollout.job import Job, plan_jobs
from agentrl.rollout.local import local_player
from agentrl.rollout.messages import Begin
from agentrl.rollout.player import Player
from agentrl.rollout.pool import PoolPlayer
from agentrl.rollout.rollout import Rollout
from agentrl.rollout.signals import stop_on_signals
from agentrl.rollout.texts import suite_texts
from agentrl.runs.folder import LOG, RunFolder
from agentrl.suite import Suite, SuiteSpec
from agentrl.suite.model import OpenAISpec, TransformersSpec, VllmSpec
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
    retried: int
    """Attempts that infrastructure failed and that were begun again."""
    loop_lag_s: tuple[float, ...]
    """Measured delays of the event loops that played."""
    interrupted: bool
    """Whether the user stopped it."""


def check_suite(suite: Suite) -> tuple[Task, ...]:
    """Check what can be checked before anything is written, and return the suite's tasks.

    Raises:
        UsageError: the environment, its options or the tasks cannot be used.
    """
    check_options(suite)
    return load_tasks(suite)


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
    started = time.perf_counter()
    async with _player(spec, tasks, folder) as player:
        rollout = Rollout(player, concurrency=_concurrency(spec), retries=spec.rollouts.retries)
        interrupted = await _play_all(rollout, jobs, folder, watch)
    return RunStats(
        planned=len(planned),
        duration_s=time.perf_counter() - started,
        retried=rollout.retried,
        loop_lag_s=tuple(player.loop_lag()),
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


@asynccontextmanager
async def _player(
    spec: SuiteSpec, tasks: Sequence[Task], folder: RunFolder
) -> AsyncIterator[Player]:
    spec = await asyncio.to_thread(_with_checkpoint, spec, tasks)
    local = local_player(spec)
    if spec.rollouts.workers == 1 or spec.agent.kind == "human":
        async with _started(local):
            yield local
        return
    model = spec.agent.model if spec.agent.kind == "llm" else None
    with (folder.path / LOG).open("ab") as log:
        async with shared_server(model, log_folder=folder.path) as url:
            threads = max(1, (os.cpu_count() or 1) // spec.rollouts.workers)
            begin = Begin(_one_workers_share(spec), tuple(sys.path), url, threads)
            pool = PoolPlayer(spec.rollouts.workers, begin, local.agent_name, log)
            async with _started(pool):
                yield pool


@asynccontextmanager
async def _started(player: Player) -> AsyncIterator[None]:
    try:
        await player.start()
        yield
    finally:
        await player.close()


def _with_checkpoint(spec: SuiteSpec, tasks: Sequence[Task]) -> SuiteSpec:
    """Make the model that is to be made from nothing, once and not in every worker."""
    model = spec.agent.model
    if not isinstance(model, TransformersSpec) or model.scratch is None:
        return spec
    if spec.agent.kind != "llm":
        return spec
    checkpoint = scratch_checkpoint(list(suite_texts(spec, tasks)), model.scratch)
    model = model.model_copy(update={"checkpoint": str(checkpoint), "scratch": None})
    return spec.model_copy(update={"agent": spec.agent.model_copy(update={"model": model})})


def _one_workers_share(spec: SuiteSpec) -> SuiteSpec:
    """Divide the requests that a server may get at a time among the workers."""
    model = spec.agent.model
    if not isinstance(model, OpenAISpec | VllmSpec):
        return spec
    share = max(1, model.concurrency // spec.rollouts.workers)
    model = model.model_copy(update={"concurrency": share})
    return spec.model_copy(update={"agent": spec.agent.model_copy(update={"model": model})})


def _concurrency(spec: SuiteSpec) -> int:
    """A person plays one episode at a time."""
    return 1 if spec.agent.kind == "human" else spec.rollouts.concurrency

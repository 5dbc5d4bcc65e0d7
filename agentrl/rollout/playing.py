"""The player that a suite asks for: this process or several, with what they share."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from agentrl.models.build import shared_server
from agentrl.models.scratch import scratch_checkpoint
from agentrl.rollout.local import local_player
from agentrl.rollout.messages import Begin
from agentrl.rollout.player import Player
from agentrl.rollout.pool import PoolPlayer
from agentrl.rollout.texts import suite_texts
from agentrl.runs.folder import LOG
from agentrl.suite.model import ModelSpec, OpenAISpec, TransformersSpec, VllmSpec
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task


@asynccontextmanager
async def playing(
    spec: SuiteSpec, tasks: Sequence[Task], log_folder: Path
) -> AsyncIterator[Player]:
    """Start what plays the suite, and close it at the end.

    Args:
        spec: the suite.
        tasks: its tasks; a model from scratch learns its tokens from their text.
        log_folder: where workers and servers write what they have to say.

    Raises:
        UsageError: the model cannot be used.
        ServiceDownError: its server does not answer.
    """
    spec = await asyncio.to_thread(_with_checkpoint, _without_hurry(spec), tasks)
    local = local_player(spec, log_folder=log_folder)
    if spec.rollouts.workers == 1 or spec.agent.kind == "human":
        async with _started(local):
            yield local
        return
    model = spec.agent.model if spec.agent.kind == "llm" else None
    with (log_folder / LOG).open("ab") as log:
        async with shared_server(model, log_folder=log_folder) as url:
            threads = max(1, (os.cpu_count() or 1) // spec.rollouts.workers)
            begin = Begin(one_workers_share(spec), tuple(sys.path), url, threads)
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


def _without_hurry(spec: SuiteSpec) -> SuiteSpec:
    """Let a person take a day; the limits are there to notice what hangs."""
    if spec.agent.kind != "human":
        return spec
    limits = spec.limits.model_copy(update={"turn_s": 86_400.0, "episode_s": 86_400.0})
    return spec.model_copy(update={"limits": limits})


def _with_checkpoint(spec: SuiteSpec, tasks: Sequence[Task]) -> SuiteSpec:
    """Make the model that is to be made from nothing, once and not in every worker."""
    model = spec.agent.model
    if spec.agent.kind != "llm" or not isinstance(model, TransformersSpec) or not model.scratch:
        return spec
    checkpoint = scratch_checkpoint(list(suite_texts(spec, tasks)), model.scratch)
    model = model.model_copy(update={"checkpoint": str(checkpoint), "scratch": None})
    return _with_model(spec, model)


def one_workers_share(spec: SuiteSpec) -> SuiteSpec:
    """Divide among the workers what a server or a sandbox engine is asked at a time."""
    workers = spec.rollouts.workers
    budget = max(1, spec.sandbox.start_budget // workers)
    sandbox = spec.sandbox.model_copy(update={"start_budget": budget})
    spec = spec.model_copy(update={"sandbox": sandbox})
    model = spec.agent.model
    if not isinstance(model, OpenAISpec | VllmSpec):
        return spec
    share = max(1, model.concurrency // workers)
    return _with_model(spec, model.model_copy(update={"concurrency": share}))


def _with_model(spec: SuiteSpec, model: ModelSpec) -> SuiteSpec:
    return spec.model_copy(update={"agent": spec.agent.model_copy(update={"model": model})})

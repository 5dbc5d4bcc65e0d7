"""What every part of a training works with."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from agentrl.models.base import Model
from agentrl.runs.folder import RunFolder
from agentrl.suite.spec import SuiteSpec
from agentrl.training.choice.engine import ChoiceEngine
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.engines import Engine, ModelEngine, build_engine
from agentrl.training.plan import Plan
from agentrl.training.playground import Playground
from agentrl.training.trainable import Trainable
from agentrl.training.watch import TrainingWatch
from agentrl.training.watchdog import Watchdog

logger = logging.getLogger(__name__)

T = TypeVar("T")

REFERENCE = "reference"
"""Folder of the policy as it was before RL."""
_TICK_S = 0.25


class Counts(Protocol):
    """Something that plays and can say how far it is."""

    @property
    def running(self) -> int: ...

    @property
    def done(self) -> int: ...


class Arithmetic:
    """The one thread that computes on the policy's weights."""

    def __init__(self) -> None:
        self.busy = False
        """Whether something is being computed."""
        self._thread = ThreadPoolExecutor(1, "learner")

    async def run(self, function: Callable[[], T]) -> T:
        """Compute something. Cancelling waits for its end: half an update is none."""
        computing = asyncio.get_running_loop().run_in_executor(self._thread, function)
        self.busy = True
        try:
            return await asyncio.shield(computing)
        except asyncio.CancelledError:
            await asyncio.wait([computing])
            raise
        finally:
            self.busy = False

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


@dataclass(frozen=True, slots=True)
class Workshop:
    """A training's plan, folder, policy and engine, and who watches."""

    plan: Plan
    folder: RunFolder
    watch: TrainingWatch
    watchdog: Watchdog
    arithmetic: Arithmetic
    policy: Trainable
    engine: Engine[Any]
    playground: Playground

    @property
    def spec(self) -> SuiteSpec:
        """The suite as it stands in the file."""
        return self.plan.suite.spec

    @property
    def model(self) -> Model:
        """The language model behind the engine."""
        assert isinstance(self.engine, ModelEngine), "only language models are asked for it"
        return self.engine.model

    @asynccontextmanager
    async def phase(
        self, name: str, counts: Counts | None = None, planned: Callable[[], int] = lambda: 0
    ) -> AsyncIterator[None]:
        """Tell that a phase goes on, and how far it is; a phase that stalls is reported.

        Args:
            name: what is being done.
            counts: what plays in it.
            planned: how many episodes it will have, as far as is known.
        """
        logger.info("%s", name)
        self.watch.phase(name)
        ticking = asyncio.create_task(self._tick(counts, planned)) if counts else None
        try:
            with self.watchdog.phase(name):
                yield
        finally:
            if ticking is not None:
                ticking.cancel()

    async def _tick(self, counts: Counts, planned: Callable[[], int]) -> None:
        before = -1
        while True:
            if counts.done != before:
                before = counts.done
                self.watchdog.beat(f"{counts.running} episodes under way, {counts.done} done")
            self.watch.episode(counts.running, counts.done, planned())
            await asyncio.sleep(_TICK_S)


@asynccontextmanager
async def open_workshop(
    plan: Plan,
    folder: RunFolder,
    watch: TrainingWatch,
    arithmetic: Arithmetic,
    policy: Trainable,
    checkpoint: Path | None,
) -> AsyncIterator[Workshop]:
    """Start the engine and all else that a training works with; close it again at the end.

    Args:
        plan: what is trained.
        folder: of the run.
        watch: who watches.
        arithmetic: where the policy was loaded.
        policy: with its first weights.
        checkpoint: the folder they are from; None: from nothing.

    Raises:
        UsageError: the engine cannot take the policy's weights.
        ServiceDownError: its server does not come up.
    """
    engine = _engine(plan, folder, policy, checkpoint)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.close)
        watch.phase("starting the engine")
        await engine.start()
        playground = Playground(engine.agent)
        stack.push_async_callback(playground.close)
        watchdog = stack.enter_context(Watchdog(plan.train.stall_s, logger.warning))
        yield Workshop(plan, folder, watch, watchdog, arithmetic, policy, engine, playground)


def _engine(
    plan: Plan, folder: RunFolder, policy: Trainable, checkpoint: Path | None
) -> Engine[Any]:
    if isinstance(policy, LearningPolicy):
        return ChoiceEngine(policy)
    assert checkpoint is not None, "a language model is of a checkpoint"
    return build_engine(
        plan.suite.spec.policy,
        plan.model,
        checkpoint,
        work=folder.path / "engine",
        log_folder=folder.path,
    )

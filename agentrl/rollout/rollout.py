"""Many jobs at once: concurrency, retries of failed infrastructure, and a clean stop."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from agentrl.episode import Episode, Failure, Status
from agentrl.errors import ServiceDownError
from agentrl.rollout.job import Job
from agentrl.rollout.player import Player

logger = logging.getLogger(__name__)

Emit = Callable[[Episode], None]
"""Takes each finished episode; what it raises stops the rollout."""


class Rollout:
    """Plays jobs with a player and emits each job's one episode as it ends.

    An attempt that fails for infrastructure's sake is begun again, alone, after a growing pause;
    when the last retry fails too, its record is emitted as ``infra_failed``. When nothing but
    failures come back, more of the same would only cost time: the rollout stops with
    ``ServiceDownError``.
    """

    def __init__(
        self,
        player: Player,
        *,
        concurrency: int,
        retries: int,
        pause_s: float = 0.5,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """
        Args:
            player: plays one attempt.
            concurrency: most attempts under way at a time.
            retries: how often a job is begun again.
            pause_s: pause before the first retry; each further one doubles it, up to 30 s.
            sleep: how pauses are made.
        """
        self.running = 0
        """Attempts under way."""
        self.done = 0
        """Jobs of the newest run that have brought their episode."""
        self.retried = 0
        """Attempts that failed and were begun again."""
        self._player = player
        self._concurrency = concurrency
        self._retries = retries
        self._pause_s = pause_s
        self._sleep = sleep
        self._failures_in_a_row = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def run(self, jobs: Sequence[Job], emit: Emit) -> None:
        """Play every job; return when all have ended or ``stop`` was called. May be called again.

        Raises:
            UsageError: a task cannot be used.
            RunStopped: the disk or a service that everything needs gave out. Attempts under way
                are emitted as ``cancelled`` first.
        """
        self._stopping = False
        self.done = 0
        queue = iter(jobs)
        workers = min(self._concurrency, len(jobs))
        self._tasks = [asyncio.create_task(self._work(queue, emit)) for _ in range(workers)]
        try:
            await asyncio.gather(*self._tasks)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self.stop()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """Begin nothing more and end what is under way as ``cancelled``."""
        if self._stopping:
            return  # cancelling twice would cut off the closing of what is under way
        self._stopping = True
        for task in self._tasks:
            task.cancel()

    async def _work(self, queue: Iterator[Job], emit: Emit) -> None:
        for job in queue:
            if self._stopping:
                return
            self.running += 1
            try:
                emit(await self.play(job))
                self.done += 1
            finally:
                self.running -= 1

    async def play(self, job: Job) -> Episode:
        """Play one job to its one episode, with retries.

        Raises:
            UsageError: the task cannot be used.
            RunStopped: nothing can be played any more.
        """
        tries = 1
        episode = await self._player.play(job)
        while episode.status is Status.INFRA_FAILED and not self._stopping:
            self._note_failure(episode)
            if tries > self._retries:
                break
            self.retried += 1
            if not await self._pause(tries):
                break
            tries += 1
            episode = await self._player.play(job)
        else:
            self._failures_in_a_row = 0
        return replace(episode, tries=tries)

    async def _pause(self, tries: int) -> bool:
        """Wait before the next try; return whether there will be one."""
        pause = min(self._pause_s * 2 ** (tries - 1), 30.0)
        try:
            await self._sleep(pause * random.uniform(0.75, 1.25))
        except asyncio.CancelledError:
            return False
        return True

    def _note_failure(self, episode: Episode) -> None:
        error = episode.error or Failure("unknown", "no reason was recorded")
        logger.warning("attempt at %s failed: %s: %s", episode.id, error.kind, error.message)
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= max(8, 2 * self._concurrency):
            raise ServiceDownError(
                f"stopped after {self._failures_in_a_row} failed attempts in a row, none of them "
                f"the agent's fault; the last one: {error.kind}: {error.message}"
            )

"""Several worker processes behind the interface of one player."""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import IO, Any

from agentrl.episode import Episode
from agentrl.errors import AgentrlError, InfrastructureError, WorkerError
from agentrl.rollout.job import Job, unplayed_episode
from agentrl.rollout.messages import (
    Begin,
    Cancel,
    Finish,
    Goodbye,
    Play,
    Played,
    Ready,
    Refused,
    receive,
    send,
)

logger = logging.getLogger(__name__)

FINISH_S = 30.0
"""How long a worker may take to close its environments before it is killed."""


class Worker:
    """One worker process and the jobs it holds."""

    def __init__(self, process: Process) -> None:
        self.lag: tuple[float, ...] = ()
        self._process = process
        self._waiting: dict[str, asyncio.Future[Episode]] = {}
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, begin: Begin, log: IO[Any] | int) -> "Worker":
        """Start a process and wait until it is ready.

        Raises:
            AgentrlError: what the worker met when it started.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agentrl.rollout.child",
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
            start_new_session=True,  # a terminal's Ctrl-C is for the parent, which tells workers
        )
        worker = cls(process)
        send(worker._stdin, begin)
        match await receive(worker._stdout):
            case Ready():
                worker._listening = asyncio.create_task(worker._listen())
                return worker
            case Refused(None, error):
                raise error
            case _:
                code = await process.wait()
                raise WorkerError(f"a rollout worker ended at its start (exit code {code})")

    @property
    def alive(self) -> bool:
        """Whether the process still answers."""
        return self._listening is not None and not self._listening.done()

    @property
    def load(self) -> int:
        """How many jobs it holds."""
        return len(self._waiting)

    async def play(self, job: Job) -> Episode:
        """Have the process play a job; a cancelled call brings the cancelled record."""
        future: asyncio.Future[Episode] = asyncio.get_running_loop().create_future()
        self._waiting[job.key] = future
        send(self._stdin, Play(job))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            send(self._stdin, Cancel(job.key))
            return await future
        finally:
            self._waiting.pop(job.key, None)

    async def finish(self) -> None:
        """End the process, by force if it takes too long."""
        if self.alive:
            send(self._stdin, Finish())
        try:
            async with asyncio.timeout(FINISH_S):
                if self._listening is not None:
                    await self._listening
                self._stdin.close()
                await self._process.wait()
        except TimeoutError:
            logger.warning("a rollout worker did not end in %g s and is killed", FINISH_S)
            self._process.kill()
            await self._process.wait()

    async def _listen(self) -> None:
        while (message := await receive(self._stdout)) is not None:
            match message:
                case Played(episode):
                    self._settle(episode.id, episode)
                case Refused(str(key), error):
                    self._settle(key, error)
                case Goodbye(loop_lag):
                    self.lag = loop_lag
        code = await self._process.wait()
        error = WorkerError(f"a rollout worker died (exit code {code}); the log says more")
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(error)

    def _settle(self, key: str, result: Episode | AgentrlError) -> None:
        future = self._waiting.get(key)
        if future is None or future.done():
            return
        if isinstance(result, Episode):
            future.set_result(result)
        else:
            future.set_exception(result)

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None, "started with a pipe"
        return self._process.stdin

    @property
    def _stdout(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None, "started with a pipe"
        return self._process.stdout


class PoolPlayer:
    """Plays each job in the worker process that holds the fewest; a dead one is replaced."""

    def __init__(
        self, workers: int, begin: Begin, agent_name: str, log: IO[Any] | None = None
    ) -> None:
        self._size = workers
        self._begin = begin
        self._agent_name = agent_name
        self._log: IO[Any] | int = DEVNULL if log is None else log
        self._workers: list[Worker] = []
        self._lag: list[float] = []
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        starts = [Worker.start(self._begin, self._log) for _ in range(self._size)]
        started = await asyncio.gather(*starts, return_exceptions=True)
        self._workers = [worker for worker in started if isinstance(worker, Worker)]
        for failure in started:
            if isinstance(failure, BaseException):
                await self.close()
                raise failure

    async def play(self, job: Job) -> Episode:
        try:
            worker = await self._least_loaded()
            return await worker.play(job)
        except InfrastructureError as exc:
            return unplayed_episode(job, self._agent_name, exc)
        except asyncio.CancelledError:
            return unplayed_episode(job, self._agent_name)

    async def close(self) -> None:
        await asyncio.gather(*(worker.finish() for worker in self._workers))
        self._lag = [delay for worker in self._workers for delay in worker.lag]
        self._workers.clear()

    def loop_lag(self) -> Sequence[float]:
        return self._lag

    async def _least_loaded(self) -> Worker:
        async with self._starting:
            for index, worker in enumerate(self._workers):
                if not worker.alive:
                    logger.warning("a rollout worker died and is replaced")
                    self._workers[index] = await Worker.start(self._begin, self._log)
        return min(self._workers, key=lambda worker: worker.load)

"""A rollout worker process: plays the jobs that arrive on its standard input.

Started by ``agentrl.rollout.pool`` as ``python -m agentrl.rollout.child`` and not through
``multiprocessing``, so that a user's script needs no ``__main__`` guard. It ends when its parent
does: a killed parent closes the pipe.
"""

import asyncio
import os
import sys
from typing import BinaryIO

from agentrl.errors import AgentrlError, WorkerError, boundary
from agentrl.rollout.job import Job
from agentrl.rollout.local import LocalPlayer, local_player
from agentrl.rollout.messages import (
    Begin,
    Cancel,
    Goodbye,
    Play,
    Played,
    Ready,
    Refused,
    receive,
    send,
)


def main() -> None:
    """Serve until told to finish or the parent is gone."""
    answers = _private_stdout()
    asyncio.run(_serve(answers))


def _private_stdout() -> BinaryIO:
    """Keep standard output for messages: what libraries print goes to standard error instead."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


async def _serve(answers: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, answers)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    begin = await receive(reader)
    if begin is None:
        return
    await Child(reader, writer).serve(begin)
    await writer.drain()


class Child:
    """Carries out a parent's messages with a local player."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def serve(self, begin: Begin) -> None:
        """Play jobs until told to finish or the parent is gone."""
        sys.path[:] = begin.search_path
        if begin.threads is not None:
            os.environ["OMP_NUM_THREADS"] = str(begin.threads)
        try:
            player = local_player(begin.spec, model_url=begin.model_url)
            with boundary(WorkerError, "start of a rollout worker"):
                await player.start()
        except AgentrlError as exc:
            send(self._writer, Refused(None, exc))
            return
        send(self._writer, Ready())
        try:
            await self._obey(player)
        finally:
            await self._end_all()
            await player.close()
        send(self._writer, Goodbye(tuple(player.loop_lag())))

    async def _obey(self, player: LocalPlayer) -> None:
        while True:
            match await receive(self._reader):
                case Play(job):
                    task = asyncio.create_task(self._play(player, job))
                    self._tasks[job.key] = task
                case Cancel(key) if key in self._tasks:
                    self._tasks[key].cancel()
                case Cancel():
                    pass  # its record is on the way already
                case _:
                    return

    async def _play(self, player: LocalPlayer, job: Job) -> None:
        try:
            with boundary(WorkerError, f"job {job.key}"):
                send(self._writer, Played(await player.play(job)))
                await self._writer.drain()
        except AgentrlError as exc:
            send(self._writer, Refused(job.key, exc))
        finally:
            self._tasks.pop(job.key, None)

    async def _end_all(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


if __name__ == "__main__":
    main()

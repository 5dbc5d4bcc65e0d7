"""How late the event loop runs what is due: the first sign of an overloaded rollout worker."""

import asyncio
import time
from contextlib import suppress

PERIOD_S = 0.05
"""Time between two measurements."""


class LoopLag:
    """Measures the running event loop until stopped; ``samples`` are delays in seconds."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to measure the running loop."""
        self._task = asyncio.create_task(self._measure())

    async def stop(self) -> None:
        """Stop measuring; doing it again changes nothing."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _measure(self) -> None:
        while True:
            due = time.perf_counter() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            self.samples.append(max(0.0, time.perf_counter() - due))

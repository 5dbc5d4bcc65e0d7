"""How many questions at a time, and how many a minute."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

MINUTE_S = 60.0


class Pace:
    """Lets questions through within the limits; use it on one event loop.

    Args:
        concurrency: most at a time.
        per_minute: most that begin within any minute; None: any number.
        clock: seconds that only grow.
        sleep: waits for some of them.
    """

    def __init__(
        self,
        concurrency: int,
        per_minute: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._per_minute = per_minute
        self._turn = asyncio.Lock()
        self._begun: deque[float] = deque()
        self._clock, self._sleep = clock, sleep

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait until one more may begin, and count it until the block ends."""
        async with self._slots:
            await self._wait()
            yield

    async def _wait(self) -> None:
        if self._per_minute is None:
            return
        async with self._turn:
            if len(self._begun) >= self._per_minute:
                pause = self._begun[0] + MINUTE_S - self._clock()
                if pause > 0:  # who is cancelled meanwhile leaves the count as it was
                    await self._sleep(pause)
                self._begun.popleft()
            self._begun.append(self._clock())

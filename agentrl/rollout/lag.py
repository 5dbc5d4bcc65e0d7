"""How late the event loop runs what is due: the first sign of an overloaded rollout worker."""

import asyncio
import math
import time
from collections.abc import Sequence
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


def lag_percentiles(samples: Sequence[float]) -> dict[str, float] | None:
    """Return the median, the 99th percentile and the maximum in seconds; None without samples.

    >>> lag_percentiles([0.001] * 98 + [0.5, 0.25])
    {'p50': 0.001, 'p99': 0.25, 'max': 0.5}
    """
    if not samples:
        return None
    ordered = sorted(samples)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    return {"p50": ordered[len(ordered) // 2], "p99": p99, "max": ordered[-1]}

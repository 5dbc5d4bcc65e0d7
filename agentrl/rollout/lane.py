"""Threads that environments live on.

An environment stays on one thread from reset to close, because some libraries are bound to the
thread that made them. The threads are daemons: one that hangs in foreign code is abandoned and
does not keep the process from ending, which a ``ThreadPoolExecutor`` would.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    """One thread that carries out calls in order."""

    def __init__(self, name: str) -> None:
        self.load = 0
        """How many episodes are on it."""
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._calls = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def call(self, function: Callable[[], T]) -> T:
        """Run ``function`` on the lane's thread and return what it returns or raise its error."""
        future: Future[T] = Future()
        self._calls.put((future, function))
        return await asyncio.wrap_future(future)

    def post(self, function: Callable[[], object]) -> None:
        """Run ``function`` on the lane's thread some time; nobody waits for it."""
        self._calls.put((Future(), function))

    def end(self) -> None:
        """End the thread once everything asked for so far is done."""
        self._calls.put(None)

    def _work(self) -> None:
        while (entry := self._calls.get()) is not None:
            future, function = entry
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = function()
            except BaseException as exc:  # noqa: BLE001 - handed over to who awaits it, not handled
                future.set_exception(exc)
            else:
                future.set_result(result)
            del entry, future, function  # an idle lane keeps no environment alive


class Lanes:
    """The lanes of a worker: a few shared ones, and one of its own for whoever blocks."""

    def __init__(self, shared: int = 4) -> None:
        self._shared = shared
        self._lanes: list[Lane] = []

    def enter(self, *, blocking: bool) -> Lane:
        """Return the lane for one more episode."""
        if blocking:
            lane = Lane("env")
        elif len(self._lanes) < self._shared:
            lane = Lane(f"env-shared-{len(self._lanes)}")
            self._lanes.append(lane)
        else:
            lane = min(self._lanes, key=lambda lane: lane.load)
        lane.load += 1
        return lane

    def leave(self, lane: Lane, *, stuck: bool) -> None:
        """Take an episode off its lane. A ``stuck`` lane gets no more episodes."""
        lane.load -= 1
        if stuck and lane in self._lanes:
            self._lanes.remove(lane)
        if lane not in self._lanes and lane.load == 0:
            lane.end()

    def close(self) -> None:
        """End every lane that is not in use."""
        for lane in self._lanes:
            lane.end()
        self._lanes.clear()

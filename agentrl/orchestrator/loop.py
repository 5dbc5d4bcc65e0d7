"""The event loop that every pool of this process lives on, beside the environments' threads."""

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import cache
from typing import Any, TypeVar

from agentrl.errors import DeadlineError
from agentrl.orchestrator.fingerprint import forget_fingerprints
from agentrl.orchestrator.pool import Pool, build_pool
from agentrl.suite.orchestrator import OrchestratorSpec, PoolSpec
from agentrl.suite.pool_file import pool_spec

logger = logging.getLogger(__name__)

T = TypeVar("T")

_CLOSE_S = 10.0
"""Longest wait for the pools to close when the process ends."""


class Scope:
    """What is run on behalf of somebody who may stop wanting it; ``cancel`` from any thread.

    ``with scope:`` has all that this thread runs on a ``BackgroundLoop`` belong to it.
    """

    def __init__(self) -> None:
        self._running: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._cancelled = False
        self._before: list[Token[Scope | None]] = []

    def __enter__(self) -> "Scope":
        self._before.append(_scope.set(self))
        return self

    def __exit__(self, *exc: object) -> None:
        _scope.reset(self._before.pop())

    def cancel(self) -> None:
        """Cancel what runs; what is still to be run is cancelled at once."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for future in running:
            future.cancel()

    def add(self, future: Future[Any]) -> None:
        """Take in what begins to run, until it is done."""
        with self._lock:
            cancelled = self._cancelled
            self._running.add(future)
        future.add_done_callback(self._forget)
        if cancelled:
            future.cancel()

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


class BackgroundLoop:
    """An event loop on a daemon thread, for coroutines that are asked for from other threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="agentrl-pools", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine on the loop, wait for it, and return what it returns.

        Args:
            coroutine: what to run; it is cancelled when its time is over, or when the wait is
                interrupted.
            timeout: longest wait in seconds; None: as long as it takes.

        Raises:
            DeadlineError: its time is over.
            concurrent.futures.CancelledError: its ``Scope`` was cancelled.
            RuntimeError: the loop's own thread asks, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the loop's own thread cannot wait for it; await the coroutine")
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if (scope := _scope.get()) is not None:
            scope.add(future)
        try:
            return future.result(timeout)
        except TimeoutError:
            if future.done():  # the coroutine's own
                raise
            raise DeadlineError(f"the workers took longer than {timeout:g} s") from None
        finally:
            future.cancel()

    def stop(self) -> None:
        """End the loop; what still runs on it is cancelled."""
        self.run(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def background() -> BackgroundLoop:
    """Return this process's loop for pools; it ends with the process."""
    with _starting:
        return _background(os.getpid())


def shared_pool(spec: OrchestratorSpec) -> Pool:
    """Return this process's pool for a suite, built once; use it on ``background()``.

    Raises:
        UsageError: the pool cannot be used.
    """
    with _building:
        return _shared_pool(pool_spec(spec).model_dump_json(), os.getpid())


def close_shared_pools() -> None:
    """Close every shared pool, its models and servers; the next one asked for is built anew.

    Every pool has its turn; then the first error is raised.
    """
    with _building:
        pools = [_pools.pop() for _ in range(len(_pools))]
        _shared_pool.cache_clear()
        forget_fingerprints()
    errors: list[Exception] = []
    for process, pool in pools:
        if process == os.getpid():
            try:
                background().run(pool.close(), _CLOSE_S)
            except Exception as exc:  # noqa: BLE001 - raised below
                errors.append(exc)
    if errors:
        raise errors[0]


def close_or_warn() -> None:
    """Close every shared pool at the end of a command, whose own result counts."""
    try:
        close_shared_pools()
    except Exception as exc:  # noqa: BLE001 - logged
        logger.warning("a pool could not be closed: %s", exc)


_starting = threading.Lock()
_building = threading.Lock()
_pools: list[tuple[int, Pool]] = []


@cache
def _background(_process: int) -> BackgroundLoop:
    return BackgroundLoop()


@cache
def _shared_pool(spec: str, process: int) -> Pool:
    pool = build_pool(PoolSpec.model_validate_json(spec))
    _pools.append((process, pool))
    return pool


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@atexit.register
def _close_at_exit() -> None:
    if any(process == os.getpid() for process, _ in _pools):
        # Servers and sandboxes also end by themselves with the process.
        with suppress(Exception):
            close_shared_pools()

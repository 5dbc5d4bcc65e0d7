"""Sandboxes on demand: few started at a time, some ahead of need."""

import atexit
import logging
import os
import threading
from collections import Counter, deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from weakref import WeakSet

from agentrl.errors import AgentrlError, SandboxError
from agentrl.sandboxes.base import Backend, Sandbox, Warmable
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.spares import Spares
from agentrl.suite.sandbox import SandboxSpec

logger = logging.getLogger(__name__)

_CLOSERS = 8


class Pool:
    """Hands out sandboxes that ``spec`` describes; every method may be called from any thread.

    From the second sandbox of an image on, ``spec.spares`` more are kept ready for the next. What
    all spares may use together stays within a quarter of the machine's memory; the image that was
    not asked for longest loses its spares first.

    Args:
        backend: starts them.
        spec: what each may use, how many are started at a time, and how many are kept ready.
    """

    def __init__(self, backend: Backend, spec: SandboxSpec) -> None:
        self.backend = backend
        self.spec = spec
        self._budget = threading.BoundedSemaphore(spec.start_budget)
        self._lock = threading.Lock()
        self._spares = Spares(spec)
        self._asked: Counter[str] = Counter()
        self._given: WeakSet[Sandbox] = WeakSet()
        self._starters = ThreadPoolExecutor(spec.start_budget, "agentrl-spares")
        self._closed = False

    def acquire(self, image: str) -> Sandbox:
        """Return a sandbox that nobody has used; the caller closes it.

        Raises:
            SandboxError: none could be started, or the pool has been closed.
        """
        sandbox = self._ready(image) or self._start(image)
        with self._lock:
            self._asked[image] += 1
            again = self._asked[image] > 1
            self._given.add(sandbox)
            closed = self._closed
        if closed:
            _close(sandbox)
            raise SandboxError("the pool of sandboxes has been closed")
        if again:
            self.warm(image)
        return sandbox

    def warm(self, image: str) -> None:
        """Have as many spares of an image started as belong to it, without waiting for them."""
        with self._lock:
            if self._closed:
                return
            missing, surplus = self._spares.plan(image)
            for _ in range(missing):
                self._starters.submit(self._start_spare, image)
        _close_all(surplus)

    def close(self) -> None:
        """End every sandbox that came from here, used or not."""
        with self._lock:
            self._closed = True
        self._starters.shutdown(cancel_futures=True)
        with self._lock:
            sandboxes = [*self._given, *self._spares.take_all()]
        _close_all(sandboxes)

    def _ready(self, image: str) -> Sandbox | None:
        """Return a spare that is alive."""
        while True:
            with self._lock:
                if self._closed:
                    raise SandboxError("the pool of sandboxes has been closed")
                spare, old = self._spares.take(image)
            _close_all(old)
            if spare is None or not isinstance(spare, Warmable) or spare.is_alive():
                return spare
            logger.debug("a spare sandbox of %s has died", image)
            _close_all([spare])

    def _start(self, image: str) -> Sandbox:
        with self._budget:
            return self.backend.start(image, self.spec)

    def _start_spare(self, image: str) -> None:
        sandbox: Sandbox | None = None
        try:
            sandbox = self._start(image)
            if isinstance(sandbox, Warmable):
                sandbox.warm()
        except AgentrlError as exc:
            logger.debug("no spare sandbox of %s: %s", image, exc)
            _close_all([sandbox] if sandbox else [])
            sandbox = None
        with self._lock:
            self._spares.arrived(image, sandbox)


def _close_all(sandboxes: Iterable[Sandbox]) -> None:
    waiting = deque(sandboxes)

    def close() -> None:
        while waiting:
            with suppress(IndexError):  # another thread was faster
                _close(waiting.popleft())

    threads = [threading.Thread(target=close) for _ in range(min(_CLOSERS, len(waiting) - 1))]
    for thread in threads:
        with suppress(RuntimeError):  # the interpreter is about to exit: this thread does it all
            thread.start()
    close()
    for thread in threads:
        if thread.ident is not None:
            thread.join()


def _close(sandbox: Sandbox) -> None:
    try:
        sandbox.close()
    except SandboxError as exc:
        logger.debug("a sandbox could not be closed: %s", exc)


def shared_pool(spec: SandboxSpec) -> Pool:
    """Return this process's pool for ``spec``; it is closed when the process exits.

    Raises:
        UsageError: the backend that is asked for is not to be had here.
    """
    return _shared_pool(spec.model_dump_json(), os.getpid())


@cache
def _shared_pool(spec: str, _process: int) -> Pool:
    parsed = SandboxSpec.model_validate_json(spec)
    pool = Pool(connect(parsed), parsed)
    atexit.register(pool.close)
    return pool

"""The sandboxes that wait for somebody to ask for them."""

import os
import time
from collections import Counter, OrderedDict, deque

from agentrl.sandboxes.base import Sandbox
from agentrl.suite.sandbox import SandboxSpec

_MOST = 32
_SHARE_OF_MEMORY = 0.25
_SHARE_OF_LIFETIME = 0.25


class Spares:
    """What is ready and what is coming, by image. Whoever uses it holds a lock.

    Args:
        spec: how many belong to an image, and what each may use.
        memory_mb: of the machine; None: as it is.
    """

    def __init__(self, spec: SandboxSpec, memory_mb: int | None = None) -> None:
        memory_mb = memory_mb or _memory_mb()
        self._each = spec.spares
        self._most = min(_MOST, int(memory_mb * _SHARE_OF_MEMORY / spec.memory_mb))
        self._too_old_s = spec.lifetime_s * _SHARE_OF_LIFETIME
        self._ready: OrderedDict[str, deque[tuple[float, Sandbox]]] = OrderedDict()
        self._coming: Counter[str] = Counter()

    def plan(self, image: str) -> tuple[int, list[Sandbox]]:
        """Return how many of an image to start now, and which of others to close for them.

        What is to be started counts as coming from now on.
        """
        missing = self._each - len(self._ready.get(image, ())) - self._coming[image]
        surplus: list[Sandbox] = []
        while missing > 0 and self._count() + missing > self._most:
            spare = self._oldest_other(image)
            if spare is None:
                missing = min(missing, max(0, self._most - self._count()))
                break
            surplus.append(spare)
        missing = max(0, missing)
        self._coming[image] += missing
        return missing, surplus

    def arrived(self, image: str, sandbox: Sandbox | None) -> None:
        """Take one that was coming; None: it could not be started."""
        self._coming[image] -= 1
        if sandbox is not None:
            self._ready.setdefault(image, deque()).append((time.monotonic(), sandbox))

    def take(self, image: str) -> tuple[Sandbox | None, list[Sandbox]]:
        """Return one of an image, and those found that have too little of their lifetime left."""
        old: list[Sandbox] = []
        waiting = self._ready.get(image)
        if waiting is None:
            return None, old
        self._ready.move_to_end(image)
        while waiting:
            since, sandbox = waiting.popleft()
            if time.monotonic() - since < self._too_old_s:
                return sandbox, old
            old.append(sandbox)
        return None, old

    def take_all(self) -> list[Sandbox]:
        """Return all that are ready, and keep none."""
        found = [sandbox for waiting in self._ready.values() for _, sandbox in waiting]
        self._ready.clear()
        return found

    def _count(self) -> int:
        return sum(map(len, self._ready.values())) + self._coming.total()

    def _oldest_other(self, image: str) -> Sandbox | None:
        for other, waiting in self._ready.items():
            if other != image and waiting:
                return waiting.popleft()[1]
        return None


def _memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20

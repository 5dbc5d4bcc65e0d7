"""Notices that nothing moves any more, and says where."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType


class Watchdog:
    """Reports a phase in which nothing happened for too long; it never ends anything.

    It watches from a thread of its own, so that it also sees an event loop that hangs. The second
    report comes after twice the time, the third after four times, and so on.
    """

    def __init__(
        self,
        stall_s: float,
        warn: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            stall_s: seconds without a ``beat`` that count as a stall.
            warn: gets each report.
            clock: seconds that only grow.
        """
        self._stall_s = stall_s
        self._warn = warn
        self._clock = clock
        self._lock = threading.Lock()
        self._phases: dict[object, str] = {}
        self._detail = ""
        self._moved = clock()
        self._patience = stall_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> "Watchdog":
        self.beat()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Name what is being done; phases may stand in each other, and in several threads."""
        this = object()
        with self._lock:
            self._phases[this] = name
        self.beat()
        try:
            yield
        finally:
            with self._lock:
                del self._phases[this]
            self.beat()

    def beat(self, detail: str = "") -> None:
        """Say that something moved, and in ``detail`` how things stand, such as what is under way.

        Any thread may say so. A phase that begins or ends moves too.
        """
        with self._lock:
            self._moved = self._clock()
            self._detail = detail
            self._patience = self._stall_s

    def check(self) -> None:
        """Report if nothing moved for too long."""
        with self._lock:
            still = self._clock() - self._moved
            if not self._phases or still < self._patience:
                return
            self._patience *= 2
            phase = " > ".join(self._phases.values())
            detail = f" ({self._detail})" if self._detail else ""
        self._warn(
            f"nothing has moved for {still:.0f} s while {phase}{detail}; if it stays so, stop with "
            f"Ctrl-C, look into log.txt, and continue with --resume"
        )

    def _watch(self) -> None:
        while not self._ended.wait(min(1.0, self._stall_s / 4)):
            self.check()

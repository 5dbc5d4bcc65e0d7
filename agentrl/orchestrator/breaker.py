"""A circuit breaker: who fails too often in a row is left alone for a while."""

from collections.abc import Callable


class Breaker:
    """Counts failures in a row, and says whether another call makes sense.

    Closed, every call is let through. After ``break_after`` failures it is open and lets none
    through; after ``break_s`` seconds it is half open and lets one through to try: if that one
    succeeds it closes, else it is open again.

    Args:
        break_after: failures in a row that open it.
        break_s: seconds that it stays open.
        clock: seconds that only grow.
    """

    def __init__(self, break_after: int, break_s: float, clock: Callable[[], float]) -> None:
        self._break_after = break_after
        self._break_s = break_s
        self._clock = clock
        self._failures = 0
        self._opened: float | None = None
        self._trying = False

    @property
    def rests_s(self) -> float:
        """Seconds until another call makes sense; 0: now."""
        if self._opened is None:
            return 0.0
        left = self._opened + self._break_s - self._clock()
        return max(left, 0.0) if not self._trying else max(left, 1e-3)

    @property
    def failures(self) -> int:
        """Failures in a row so far."""
        return self._failures

    def admit(self) -> bool:
        """Return whether a call may begin; who was admitted reports how it ended."""
        if self._opened is None:
            return True
        if self.rests_s > 0:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Note an answer."""
        self._failures, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        """Note a failure."""
        self._failures += 1
        if self._failures >= self._break_after:
            self._opened = self._clock()
        self._trying = False

    def gave_up(self) -> None:
        """Note that a call ended without telling anything about the worker."""
        self._trying = False

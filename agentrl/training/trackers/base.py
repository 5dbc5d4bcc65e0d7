"""What a tracker is, and what makes one harmless to the run."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agentrl.errors import AgentrlError, InfrastructureError, boundary

logger = logging.getLogger(__name__)

_GIVE_UP = 3


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What a tracker is told of a run when it starts."""

    folder: Path
    """The run folder; what a tracker keeps on this disk goes there."""
    name: str
    config: Mapping[str, Any]
    """The resolved suite, as plain JSON."""
    after_step: int = 0
    """Steps that are behind a resumed run; later ones that a tracker shows are done again."""


class Tracker(Protocol):
    """Shows the metrics of a run somewhere."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show what was measured in a step."""

    def close(self) -> None:
        """Send what still waits, and end."""


class HarmlessTracker:
    """A tracker whose failures never stop the run.

    The first one is logged as a warning. After three in a row it is asked no more, because each
    may have waited for a network.
    """

    def __init__(self, name: str, tracker: Tracker) -> None:
        self._name = name
        self._tracker = tracker
        self._failures = 0
        self._warned = False

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show what was measured in a step, if the tracker can."""
        if self._failures == _GIVE_UP:
            return
        worked = self._try(lambda: self._tracker.log(step, metrics))
        self._failures = 0 if worked else self._failures + 1

    def close(self) -> None:
        """Let the tracker end, if it can."""
        self._try(self._tracker.close)

    def _try(self, call: Callable[[], None]) -> bool:
        try:
            with boundary(InfrastructureError, f"tracker {self._name}"):
                call()
        except AgentrlError as exc:
            if not self._warned:
                logger.warning("%s; the run goes on, and metrics.jsonl has every metric", exc)
            self._warned = True
            return False
        return True


class Trackers:
    """Several trackers as one."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self._trackers = tuple(trackers)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show what was measured in a step, in all of them."""
        for tracker in self._trackers:
            tracker.log(step, metrics)

    def close(self) -> None:
        """End all of them."""
        for tracker in self._trackers:
            tracker.close()

"""Who plays jobs: this process (``local``), worker processes (``pool``)."""

from collections.abc import Sequence
from typing import Protocol

from agentrl.episode import Episode
from agentrl.rollout.job import Job


class Player(Protocol):
    """Plays jobs, many at a time: a process, a pool of processes, an actor on a cluster."""

    async def start(self) -> None:
        """Make ready; raise what makes every job impossible."""

    async def play(self, job: Job) -> Episode:
        """Play one attempt at a job and return its record.

        A failure of infrastructure is such a record; cancelling the call ends the attempt and
        still returns one, as ``cancelled``.

        Raises:
            UsageError: the task cannot be used.
            RunStopped: nothing can be played any more.
        """

    async def close(self) -> None:
        """Give back what ``start`` took."""

    def loop_lag(self) -> Sequence[float]:
        """Return measured delays of the event loops that play, in seconds; after ``close``."""

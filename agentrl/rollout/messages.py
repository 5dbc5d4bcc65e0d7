"""What a rollout and its worker processes say to each other.

A message is a pickled frozen dataclass behind its length. Both ends are the same version of the
same package on the same machine, started by us, so pickle is safe here and needs no schema.
"""

import asyncio
import pickle
import struct
from dataclasses import dataclass
from typing import Any

from agentrl.episode import Episode
from agentrl.errors import AgentrlError
from agentrl.rollout.job import Job
from agentrl.suite.spec import SuiteSpec

_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class Begin:
    """To a worker, first: what it will play."""

    spec: SuiteSpec
    search_path: tuple[str, ...]
    """The parent's ``sys.path``, so that a user's own environment module is found."""
    model_url: str | None = None
    """Where the model's server is, for a backend that all workers share."""
    threads: int | None = None
    """How many threads numerical libraries may use."""


@dataclass(frozen=True, slots=True)
class Play:
    """To a worker: play this job."""

    job: Job


@dataclass(frozen=True, slots=True)
class Cancel:
    """To a worker: end this job as cancelled."""

    key: str


@dataclass(frozen=True, slots=True)
class Finish:
    """To a worker, last: close everything and say goodbye."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker, first: jobs can come."""


@dataclass(frozen=True, slots=True)
class Played:
    """From a worker: a job's record."""

    episode: Episode


@dataclass(frozen=True, slots=True)
class Refused:
    """From a worker: a job, or with no key the start, met an error that concerns the whole run."""

    key: str | None
    error: AgentrlError


@dataclass(frozen=True, slots=True)
class Goodbye:
    """From a worker, last."""

    loop_lag: tuple[float, ...]


async def receive(reader: asyncio.StreamReader) -> Any:
    """Return the next message, or None when the other end is gone."""
    try:
        header = await reader.readexactly(_LENGTH.size)
        return pickle.loads(await reader.readexactly(*_LENGTH.unpack(header)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def send(writer: asyncio.StreamWriter, message: object) -> None:
    """Send a message; a reader that is gone is noticed where its answers are awaited."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    writer.write(_LENGTH.pack(len(body)) + body)

"""What every worker is: somebody who answers a node's request, and what is known about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agentrl.episode import Generation
from agentrl.errors import InfrastructureError
from agentrl.models.base import Message
from agentrl.task import Task


class WorkerFailedError(InfrastructureError):
    """A worker gave no answer that can be used; another try, or another worker, may."""

    def __init__(self, worker: str, reason: str, kind: str = "error") -> None:
        """
        Args:
            worker: the worker's name.
            reason: what it did, without its name: "gave no answer within 5 s".
            kind: ``error``, ``timeout``, ``empty``, ``context`` (too long for the worker) or
                ``resting`` (it failed too often and is left alone for a while).
        """
        super().__init__(worker, reason, kind)
        self.worker, self.reason, self.kind = worker, reason, kind

    def __str__(self) -> str:
        return f"worker {self.worker!r} {self.reason}"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What is known about a worker before it is asked."""

    price_in: float | None = None
    """USD per million tokens that it is given; None: not known."""
    price_out: float | None = None
    """USD per million tokens of its answers; None: not known."""
    price_cached: float | None = None
    """USD per million tokens that the server had in its cache; None: as ``price_in``."""
    latency_s: float | None = None
    """Seconds that an answer takes; None: not known."""
    answer_tokens: float | None = None
    """Tokens that its answers have on average; None: not known."""
    context_window: int | None = None
    """Most tokens of what it is given and its answer; None: not known."""
    performance: Mapping[str, float] = field(default_factory=dict)
    """How well it did, by kind of task: shares from 0 to 1."""
    tags: tuple[str, ...] = ()
    """What it is good for, in single words."""
    description: str = ""
    """What it is, in a sentence."""

    @property
    def priced(self) -> bool:
        """Whether it is known what an answer costs."""
        return self.price_in is not None and self.price_out is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """The work of another node that a request shows."""

    node: str
    instruction: str
    """What that node was to do."""
    answer: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a node of a workflow asks a worker."""

    task: Task
    """The task that the workflow is about; replayed answers and agents go by it."""
    messages: tuple[Message, ...]
    """The chat to be answered: the context that the node sees, the instruction last."""
    instruction: str = ""
    """What to do, without its context."""
    node: str = ""
    """Id of the node that asks."""
    seed: int = 0
    """Decides everything random about the answer, where the worker can repeat itself."""
    sees: tuple[Seen, ...] = ()
    """What the node sees of others, in topological order."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker answered."""

    text: str
    generation: Generation
    """The answer as a record: tokens counted, USD by the worker's prices, seconds."""
    note: str = ""
    """What was odd about it, such as a usage that cannot be true."""


class Worker(Protocol):
    """Somebody who answers requests, many at a time, on one event loop."""

    @property
    def name(self) -> str:
        """The worker's name in its pool."""

    @property
    def descriptor(self) -> Descriptor:
        """What is known about it."""

    async def answer(self, request: Request) -> Answer:
        """Answer one request.

        Raises:
            WorkerFailedError: there is no answer that can be used.
            UsageError: the worker's settings cannot be used, so that no request ever will.
        """

    async def close(self) -> None:
        """Give back what it took; closing again does nothing."""

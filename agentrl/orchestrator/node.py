"""One node of a workflow at work: its worker is asked, asked again, and replaced."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from agentrl.episode import Call
from agentrl.errors import ContextFullError, InfrastructureError, ModelError, boundary
from agentrl.orchestrator.worker import Answer, Request, Worker, WorkerFailedError

_FINAL = ("context", "resting")
"""Kinds of failure that another try at the same worker cannot mend."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a node came to."""

    text: str | None
    """The answer; None where every try failed."""
    why: str = ""
    """Why the last try failed."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How the nodes of one execution ask their workers."""

    clock: Callable[[], float]
    """Seconds since the execution began."""
    record: Callable[[Call], None]
    """Takes every call when it ends."""
    may_ask: Callable[[], bool]
    """Whether another call may be begun: there is money left."""
    retries: int
    fallback: Worker | None

    async def work(self, worker: Worker, request: Request) -> Work:
        """Return what a node's worker answers, or the one that stands in for it."""
        done = await self._tries(worker, request, "")
        spare = self.fallback
        if done.text is None and spare is not None and spare.name != worker.name:
            other = await self._tries(spare, request, worker.name)
            if other.text is not None:
                return other
            return Work(None, "; ".join(filter(None, (done.why, other.why))))
        return done

    async def _tries(self, worker: Worker, request: Request, replaces: str) -> Work:
        why = ""
        for _ in range(1 + self.retries):
            if not self.may_ask():
                break
            answer = await self._call(worker, request, replaces)
            if isinstance(answer, Answer):
                return Work(answer.text)
            why = _why(answer)
            if isinstance(answer, ContextFullError) or getattr(answer, "kind", "") in _FINAL:
                break
        return Work(None, why)

    async def _call(
        self, worker: Worker, request: Request, replaces: str
    ) -> Answer | InfrastructureError | ContextFullError:
        """Ask once, and record the call however it ends."""
        messages = tuple((message.role, message.content) for message in request.messages)
        call = Call(request.node, worker.name, messages, None, "", self.clock(), 0.0, replaces)
        answer: Answer | InfrastructureError | ContextFullError
        try:
            with boundary(ModelError, "it raised an error"):
                answer = await worker.answer(request)
        except (InfrastructureError, ContextFullError) as exc:
            answer = exc
        except BaseException as exc:
            why = "stopped before it answered" if isinstance(exc, asyncio.CancelledError) else ""
            self.record(replace(call, error=why or str(exc), finished_s=self.clock()))
            raise
        if isinstance(answer, Answer):
            call = replace(call, generation=answer.generation)
        else:
            call = replace(call, error=_why(answer))
        self.record(replace(call, finished_s=self.clock()))
        return answer


def _why(error: Exception) -> str:
    """Return a failure in words that name no worker: it may be known by another name."""
    reason = error.reason if isinstance(error, WorkerFailedError) else str(error)
    return reason or type(error).__name__

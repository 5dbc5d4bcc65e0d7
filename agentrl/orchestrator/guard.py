"""What stands between a workflow and a worker: limits, time, and what counts as an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from agentrl.errors import AgentrlError, ContextFullError, UsageError
from agentrl.orchestrator.accounting import chars_given, settled
from agentrl.orchestrator.breaker import Breaker
from agentrl.orchestrator.worker import Answer, Descriptor, Request, Worker, WorkerFailedError
from agentrl.rewards.judge.pace import Pace
from agentrl.suite.worker import GuardSpec


class Guarded:
    """A worker within its limits, whose every failure is a ``WorkerFailedError``.

    - At most ``concurrency`` calls at a time, at most ``per_minute`` begun in any minute.
    - An answer that does not come within ``timeout_s`` is given up, even by a worker that cannot
      be interrupted. Where a worker has a ``ready``, such as one that loads weights, the time
      begins after it.
    - After ``break_after`` failures in a row nobody is let through for ``break_s`` seconds.
    - An empty answer is a failure; an answer that comes has tokens, USD and seconds that add up.

    Args:
        worker: who answers.
        spec: the limits.
        clock: seconds that only grow.
        sleep: waits for some of them.
    """

    def __init__(
        self,
        worker: Worker,
        spec: GuardSpec | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.worker = worker
        self.spec = spec or GuardSpec()
        self._clock = clock
        self._pace = Pace(self.spec.concurrency, self.spec.per_minute, clock=clock, sleep=sleep)
        self._breaker = Breaker(self.spec.break_after, self.spec.break_s, clock)

    @property
    def name(self) -> str:
        return self.worker.name

    @property
    def descriptor(self) -> Descriptor:
        return self.worker.descriptor

    async def answer(self, request: Request) -> Answer:
        """Answer one request within the limits.

        Raises:
            WorkerFailedError: there is no answer that can be used, whatever the reason.
            UsageError: the worker's settings cannot be used.
        """
        if self._breaker.rests_s:
            raise self._resting()
        async with self._pace.one():
            if not self._breaker.admit():
                raise self._resting()
            try:
                answer = await self._call(request)
            except WorkerFailedError as exc:
                self._note(exc)
                raise
            except BaseException:
                self._breaker.gave_up()
                raise
            self._breaker.succeeded()
            return answer

    async def close(self) -> None:
        """Give back what the worker took."""
        await self.worker.close()

    async def _call(self, request: Request) -> Answer:
        started = self._clock()
        try:
            answer = await self._in_time(request)
        except (WorkerFailedError, UsageError):
            raise
        except ContextFullError as exc:
            raise WorkerFailedError(self.name, f"was given too much: {exc}", "context") from exc
        except AgentrlError as exc:
            raise WorkerFailedError(self.name, f"failed: {exc}") from exc
        except Exception as exc:
            raise WorkerFailedError(self.name, f"failed: {type(exc).__name__}: {exc}") from exc
        if not isinstance(answer, Answer) or not answer.text.strip():
            raise WorkerFailedError(self.name, "answered nothing", "empty")
        given = chars_given(request.messages)
        return settled(answer, given, self.descriptor, self._clock() - started)

    async def _in_time(self, request: Request) -> Answer:
        ready = getattr(self.worker, "ready", None)
        if ready is not None:
            await ready()
        # Not asyncio.timeout: that would wait for a worker that holds on to its work.
        task = asyncio.ensure_future(self.worker.answer(request))
        try:
            await asyncio.wait({task}, timeout=self.spec.timeout_s)
            if not task.done():
                reason = f"gave no answer within {self.spec.timeout_s:g} s"
                raise WorkerFailedError(self.name, reason, "timeout")
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_forget)

    def _note(self, error: WorkerFailedError) -> None:
        """A request that is too long says nothing about the worker."""
        if error.kind == "context":
            self._breaker.gave_up()
        else:
            self._breaker.failed()

    def _resting(self) -> WorkerFailedError:
        reason = (
            f"failed {self._breaker.failures} times in a row and is left alone for another "
            f"{self._breaker.rests_s:.0f} s"
        )
        return WorkerFailedError(self.name, reason, "resting")


def _forget(task: "asyncio.Future[Answer]") -> None:
    """Take the result of a call that nobody waits for any more."""
    if not task.cancelled():
        task.exception()

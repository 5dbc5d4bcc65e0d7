"""A public worker double: its delay, its answers and its failures are the test's to decide."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from agentrl.episode import Generation, Sampling, Usage
from agentrl.orchestrator.worker import Answer, Descriptor, Request, WorkerFailedError

Says = str | Exception | Sequence[str | Exception] | Callable[[Request], str]
"""The answer, or the error to raise; one for each call, the last one repeated; or a function."""


class FakeWorker:
    """A worker that answers as told, after a delay, and remembers what it was asked.

    ::

        FakeWorker("slow", "42", delay_s=0.05)
        FakeWorker("flaky", [broken("flaky"), "42"])            # fails once
        FakeWorker("liar", "42", usage=Usage(-1, 10**12))
        FakeWorker("dear", "42", usd=0.5)
        FakeWorker("echo", lambda request: request.instruction)
    """

    def __init__(
        self,
        name: str,
        says: Says = "done",
        *,
        delay_s: float | Callable[[Request], float] = 0.0,
        usage: Usage | None = None,
        usd: float = 0.0,
        descriptor: Descriptor | None = None,
        holds_on: bool = False,
    ) -> None:
        """
        Args:
            name: the worker's name in its pool.
            says: what it answers.
            delay_s: pause before each answer, or a function that gives it; infinite: it hangs.
            usage: what it states; None: 10 tokens in and 5 out.
            usd: what it says that an answer costs; a guard knows better where it has prices.
            descriptor: what is known about it; None: 1 and 2 USD per million tokens.
            holds_on: it does not let itself be interrupted.
        """
        self.name = name
        self.descriptor = descriptor or Descriptor(price_in=1.0, price_out=2.0)
        self.requests: list[Request] = []
        """What it was asked so far, in order."""
        self.most_at_once = 0
        """Most calls that were under way at the same time."""
        self.closed = 0
        """How often it was closed."""
        self._says = says
        self._delay_s = delay_s
        self.usage = usage or Usage(10, 5)
        """What it states of each answer."""
        self._usd = usd
        self._holds_on = holds_on
        self._under_way = 0

    async def answer(self, request: Request) -> Answer:
        index = len(self.requests)
        self.requests.append(request)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            await self._pause(request, clock)
            text = self._text(request, index)
        finally:
            self._under_way -= 1
        stated = Generation(text, "stop", self.name, Sampling(), self.usage)
        return Answer(text, replace(stated, cost_usd=self._usd, latency_s=clock() - started))

    async def close(self) -> None:
        self.closed += 1

    async def _pause(self, request: Request, clock: Callable[[], float]) -> None:
        delay = self._delay_s(request) if callable(self._delay_s) else self._delay_s
        until = clock() + delay
        while (left := until - clock()) > 0:
            try:
                await asyncio.sleep(min(left, 3600.0))
            except asyncio.CancelledError:
                if not self._holds_on:
                    raise

    def _text(self, request: Request, index: int) -> str:
        says = self._says
        if callable(says):
            return says(request)
        if isinstance(says, str | Exception):
            says = [says]
        said = says[min(index, len(says) - 1)]
        if isinstance(said, Exception):
            raise said
        return said


def broken(worker: str, reason: str = "is broken") -> WorkerFailedError:
    """Return the failure of a worker, to be given to ``FakeWorker`` as an answer."""
    return WorkerFailedError(worker, reason)

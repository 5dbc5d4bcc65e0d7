"""Doubles for workflows: a worker that does as it is told, and a clock that does not wait."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agentrl.episode import Generation, Sampling, Usage
from agentrl.orchestrator.worker import Answer, Descriptor, Request

T = TypeVar("T")


@dataclass
class StubWorker:
    """Answers what a function says, after some time, for some money, and keeps the requests."""

    name: str
    say: Callable[[Request], str] = lambda request: f"{request.node} done"
    """Gives the answer, or raises what a worker may raise."""
    seconds: Callable[[Request], float] = lambda request: 1.0
    """How long an answer takes."""
    usd: float = 0.0
    """What an answer costs."""
    descriptor: Descriptor = field(default_factory=lambda: Descriptor(price_in=0.0, price_out=0.0))
    requests: list[Request] = field(default_factory=list)
    """What it was asked, in order."""

    async def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        seconds = self.seconds(request)
        await asyncio.sleep(seconds)
        text = self.say(request)
        usage = Usage(sum(len(m.content) for m in request.messages), len(text))
        generation = Generation(
            text, "stop", self.name, Sampling(), usage, cost_usd=self.usd, latency_s=seconds
        )
        return Answer(text, generation)

    async def close(self) -> None:
        return None


def in_no_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop whose clock jumps to the next timer instead of waiting for it.

    What the loop measures is exact: two sleeps of 1 s side by side take 1 s, not 1.0003.
    """
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)


class _Selector(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.now += max(timeout, 0.0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

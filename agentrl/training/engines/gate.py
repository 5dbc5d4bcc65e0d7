"""A model whose requests wait while its weights change."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from agentrl.episode import Generation
from agentrl.models.base import ChatTokenizer, Model, Request

Generate = Callable[[Request], Awaitable[Generation]]


class GatedModel:
    """A model in training, as agents see it; somebody else starts and closes it."""

    def __init__(self, model: Callable[[], Model], generate: Generate | None = None) -> None:
        """
        Args:
            model: returns the model at hand; it may be replaced by another one.
            generate: answers a request; None: the model does.
        """
        self.version = 0
        """Which weights answer."""
        self._model = model
        self._generate = generate or (lambda request: model().generate(request))
        self._open = asyncio.Event()
        self._open.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._inside = 0
        self._busy_s = 0.0
        self._since = 0.0

    @property
    def name(self) -> str:
        return self._model().name

    @property
    def tokenizer(self) -> ChatTokenizer | None:
        return self._model().tokenizer

    @property
    def context_window(self) -> int | None:
        return self._model().context_window

    @property
    def busy_s(self) -> float:
        """Seconds so far in which at least one request was under way."""
        running = time.perf_counter() - self._since if self._inside else 0.0
        return self._busy_s + running

    async def start(self) -> None:
        """The engine starts the model."""

    async def close(self) -> None:
        """The engine closes the model."""

    async def generate(self, request: Request) -> Generation:
        """Answer with one version of the weights; wait while they change."""
        while not self._open.is_set():
            await self._open.wait()
        self._enter()
        try:
            version = self.version
            return replace(await self._generate(request), weights_version=version)
        finally:
            self._leave()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Let no request in, and go on when those inside are answered."""
        self._open.clear()
        try:
            await self._idle.wait()
            yield
        finally:
            self._open.set()

    def _enter(self) -> None:
        if self._inside == 0:
            self._since = time.perf_counter()
            self._idle.clear()
        self._inside += 1

    def _leave(self) -> None:
        self._inside -= 1
        if self._inside == 0:
            self._busy_s += time.perf_counter() - self._since
            self._idle.set()

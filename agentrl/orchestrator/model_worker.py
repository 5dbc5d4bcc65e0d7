"""A language model as a worker."""

import asyncio
from dataclasses import replace

from agentrl.episode import Generation, Sampling
from agentrl.errors import ModelError
from agentrl.models.base import Message, Model, as_sent
from agentrl.models.base import Request as ModelRequest
from agentrl.models.replay import ReplayModel
from agentrl.orchestrator.accounting import chars_given, counted, usd
from agentrl.orchestrator.context import in_one_message
from agentrl.orchestrator.worker import Answer, Descriptor, Request


class ModelWorker:
    """Answers as a model does; the model is started when it is first asked.

    Args:
        name: the worker's name in its pool.
        model: who answers; the worker closes it.
        descriptor: what is known about it.
        sampling: how it answers; a request's seed makes it repeatable where the model can.
        system: what it is told before everything else.
        one_message: show it the work of others within the message that it answers.
        loads: its start loads weights, which may take longer than an answer.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        descriptor: Descriptor | None = None,
        sampling: Sampling = Sampling(temperature=0.2, max_tokens=1024),
        system: str = "",
        one_message: bool = False,
        loads: bool = False,
    ) -> None:
        self.name = name
        self.descriptor = descriptor or Descriptor()
        self._model = model
        self._sampling = sampling
        self._system = system
        self._one_message = one_message
        self._loads = loads
        self._started: asyncio.Future[None] | None = None

    async def ready(self) -> None:
        """Load the model where it has weights to load; that is not the time of an answer.

        Raises:
            AgentrlError: as the model's ``start``.
        """
        if self._loads:
            await self._start()

    async def answer(self, request: Request) -> Answer:
        """Answer one request; a usage that cannot be true is replaced by one counted here.

        Raises:
            ModelError: no answer could be had.
            ContextFullError: the chat is too long for the model.
            ServiceDownError: the model's server is gone.
            UsageError: the model's settings cannot be used.
        """
        await self._start()
        messages = self._messages(request.messages)
        sampling = replace(self._sampling, seed=request.seed)
        asked = ModelRequest(messages, sampling, session=self._session(request))
        generation = await self._model.generate(asked)
        usage, note = counted(generation.usage, chars_given(messages), len(generation.text))
        cost = usd(usage, self.descriptor)
        return Answer(
            generation.text,
            replace(
                generation, usage=usage, cost_usd=generation.cost_usd if cost is None else cost
            ),
            note,
        )

    async def close(self) -> None:
        """End the model."""
        started, self._started = self._started, None
        if started is not None and not started.done():
            started.cancel()
            await asyncio.wait({started})
        await self._model.close()

    async def _start(self) -> None:
        """Wait until the model is started; who stops waiting does not stop it for the others."""
        if self._started is None or _failed(self._started):
            self._started = asyncio.ensure_future(self._model.start())
            self._started.add_done_callback(_failed)  # it may fail when nobody waits any more
        started = self._started
        try:
            await asyncio.shield(started)
        except asyncio.CancelledError:
            if started.cancelled():
                raise ModelError(f"{self.name} was closed while it started") from None
            raise

    def _messages(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if self._one_message:
            messages = in_one_message(messages)
        system = (Message("system", self._system),) if self._system else ()
        return tuple(Message(m.role, as_sent(m.content)) for m in (*system, *messages))

    def _session(self, request: Request) -> str:
        """A recorded run is found by its episode; nobody else shall keep a call's cache."""
        return f"{request.task.id}#0" if isinstance(self._model, ReplayModel) else ""


def _failed(started: "asyncio.Future[None]") -> bool:
    """Whether a start has ended without a model."""
    return started.done() and (started.cancelled() or started.exception() is not None)


def own_generation(text: str, model: str, **more: object) -> Generation:
    """Return the record of an answer that no model sampled.

    >>> own_generation("4", "calculator").finish_reason
    'stop'
    """
    blank = Generation(text=text, finish_reason="stop", model=model, sampling=Sampling())
    return replace(blank, **more)  # type: ignore[arg-type]

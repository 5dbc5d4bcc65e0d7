"""A language model as a worker."""

import asyncio
from dataclasses import replace

from agentrl.episode import Generation, Sampling
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
    """

    def __init__(
        self,
        name: str,
        model: Model,
        descriptor: Descriptor | None = None,
        sampling: Sampling = Sampling(temperature=0.2, max_tokens=1024),
        system: str = "",
        one_message: bool = False,
    ) -> None:
        self.name = name
        self.descriptor = descriptor or Descriptor()
        self._model = model
        self._sampling = sampling
        self._system = system
        self._one_message = one_message
        self._starting = asyncio.Lock()
        self._started = False

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
        async with self._starting:
            self._started = False
            await self._model.close()

    async def _start(self) -> None:
        if self._started:
            return
        async with self._starting:
            if not self._started:
                await self._model.start()
                self._started = True

    def _messages(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if self._one_message:
            messages = in_one_message(messages)
        system = (Message("system", self._system),) if self._system else ()
        return tuple(Message(m.role, as_sent(m.content)) for m in (*system, *messages))

    def _session(self, request: Request) -> str:
        """A recorded run is found by its episode; nobody else shall keep a call's cache."""
        return f"{request.task.id}#0" if isinstance(self._model, ReplayModel) else ""


def own_generation(text: str, model: str, **more: object) -> Generation:
    """Return the record of an answer that no model sampled.

    >>> own_generation("4", "calculator").finish_reason
    'stop'
    """
    blank = Generation(text=text, finish_reason="stop", model=model, sampling=Sampling())
    return replace(blank, **more)  # type: ignore[arg-type]

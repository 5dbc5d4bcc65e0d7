"""A worker that answers as a real model was recorded to."""

import hashlib
from dataclasses import replace

from agentrl.episode import Usage
from agentrl.orchestrator.accounting import chars_given, estimated_tokens, usd
from agentrl.orchestrator.model_worker import own_generation
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording
from agentrl.orchestrator.replay.said import Says, said
from agentrl.orchestrator.worker import Answer, Descriptor, Request, WorkerFailedError


class ReplayWorker:
    """Gives a model's recorded answer to the task, whatever the instruction says.

    Of several trials the request's seed draws one; a single one is always the same. What it took
    are the recorded tokens, at the worker's prices.

    Args:
        name: the worker's name in its pool.
        recording: where the answers stand.
        model: whose they are.
        descriptor: what is known about it; see ``replay_descriptor``.
        says: the whole ``text``; the ``answer`` that was read off it; or ``graded``, the task's
            reference where the answer was right and what was read off it where it was not.
    """

    def __init__(
        self,
        name: str,
        recording: Recording,
        model: str,
        descriptor: Descriptor,
        says: Says = "text",
    ) -> None:
        self.name = name
        self.descriptor = descriptor
        self._recording = recording
        self._model = model
        self._says = says

    async def answer(self, request: Request) -> Answer:
        """Answer as the model did.

        Raises:
            UsageError: the recording does not have the task.
            WorkerFailedError: the model was not asked this, or answered nothing.
        """
        item = self._recording.item_of(request.task)
        trials = self._recording.trials(self._model, item)
        if not trials:
            raise WorkerFailedError(self.name, f"was never asked item {item.id!r}")
        recorded = trials[self._draw(request.seed, item, len(trials))]
        text = said(recorded, _reference(request, item), self._says, self.name)
        usage = self._usage(recorded, item, request, text)
        generation = own_generation(
            text,
            self._model,
            usage=usage,
            cost_usd=usd(usage, self.descriptor) or 0.0,
            latency_s=recorded.latency_s or self.descriptor.latency_s or 0.0,
        )
        return Answer(text, generation)

    async def close(self) -> None:
        """Nothing to give back."""

    def _draw(self, seed: int, item: Item, trials: int) -> int:
        if trials == 1:
            return 0
        digest = hashlib.sha256(f"trial:{seed}:{self._model}:{item.id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % trials

    def _usage(self, recorded: Recorded, item: Item, request: Request, text: str) -> Usage:
        given = item.prompt_chars
        given = chars_given(request.messages) if given is None else given
        tokens_in, tokens_out = recorded.tokens_in, recorded.tokens_out
        length = len(recorded.text if recorded.text is not None else text)
        return Usage(
            estimated_tokens(given) if tokens_in is None else tokens_in,
            estimated_tokens(length) if tokens_out is None else tokens_out,
        )


def replay_descriptor(recording: Recording, model: str, stated: Descriptor) -> Descriptor:
    """Return what is known about a recorded model: what is stated, else the recording's prices."""
    if stated.price_in is not None or stated.price_out is not None:
        return stated
    price_in, price_out = recording.prices.get(model, (None, None))
    return replace(stated, price_in=price_in, price_out=price_out)


def _reference(request: Request, item: Item) -> str:
    """Return what the task's own grader takes for right."""
    given = request.task.data.get("answer")
    if isinstance(given, list | tuple) and given:
        given = given[0]
    if isinstance(given, str | int | float):
        return str(given)
    return item.answer if item.answer is not None else "right"

"""Fixed answers, for tests and load tests."""

import asyncio
import time
from collections.abc import Callable, Sequence

from agentrl.episode import Generation
from agentrl.errors import UsageError
from agentrl.models.base import Request
from agentrl.suite.model import ScriptedSpec


class ScriptedModel:
    """Gives the same answer to the same turn, always; holds no tokens.

    ::

        ScriptedModel(["go north", "take lamp"])           # turn by turn, the last one repeated
        ScriptedModel(lambda request: request.session)     # any function of the request
    """

    tokenizer = None
    context_window = None

    def __init__(
        self,
        answers: Sequence[str] | Callable[[Request], str],
        *,
        latency_s: float = 0.0,
        name: str = "scripted",
    ) -> None:
        """
        Args:
            answers: the answer to each turn, or a function of the request. The turn is told by
                the number of answers that the conversation holds.
            latency_s: pause before each answer.
            name: what records call it.
        """
        if not callable(answers) and not answers:
            raise UsageError("a scripted model needs at least one answer")
        self._answers = answers
        self._latency_s = latency_s
        self._name = name

    @classmethod
    def from_spec(cls, spec: ScriptedSpec) -> "ScriptedModel":
        """Return the model that a suite describes."""
        return cls(spec.answers, latency_s=spec.latency_s)

    @property
    def name(self) -> str:
        return self._name

    async def start(self) -> None:
        """Nothing to load."""

    async def generate(self, request: Request) -> Generation:
        """Answer one request; a stop text cuts the answer, ``max_tokens`` means nothing here.

        Raises:
            UsageError: the answer is none of the choices that the request allows.
        """
        started = time.perf_counter()
        await asyncio.sleep(self._latency_s)
        text = _until_stop(self._answer(request), request.sampling.stop)
        if request.choices is not None and text not in request.choices:
            raise UsageError(
                f"scripted answer {text!r} is none of the allowed choices "
                f"{', '.join(request.choices[:8])}; script an allowed one or do not constrain"
            )
        return Generation(
            text=text,
            finish_reason="stop",
            model=self._name,
            sampling=request.sampling,
            latency_s=time.perf_counter() - started,
        )

    async def close(self) -> None:
        """Nothing to give back."""

    def _answer(self, request: Request) -> str:
        if callable(self._answers):
            return self._answers(request)
        return self._answers[min(turn_index(request), len(self._answers) - 1)]


def turn_index(request: Request) -> int:
    """Return which turn of its conversation a request asks for, counted from 0."""
    return sum(message.role == "assistant" for message in request.messages)


def _until_stop(text: str, stops: Sequence[str]) -> str:
    found = [position for stop in stops if (position := text.find(stop)) >= 0]
    return text[: min(found)] if found else text

"""Asking a model until it answers something that can be read."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

from agentrl.episode import Sampling
from agentrl.errors import ContextFullError, InfrastructureError, ModelError, boundary
from agentrl.models.base import Message, Model, Request
from agentrl.rewards.judge.error import JudgeError

T = TypeVar("T")


class Asker:
    """A model that is started when it is first needed, with a limit on its time and its nonsense.

    Args:
        model: not started.
        max_tokens: longest answer.
        timeout_s: longest wait for an answer.
        retries: how often an unreadable answer is asked for again.
        concurrency: most questions under way at a time.
    """

    def __init__(
        self,
        model: Model,
        *,
        max_tokens: int = 512,
        timeout_s: float = 120.0,
        retries: int = 2,
        concurrency: int = 16,
    ) -> None:
        self.model = model
        self._sampling = Sampling(temperature=0.0, max_tokens=max_tokens)
        self._timeout_s = timeout_s
        self._retries = retries
        self._slots = asyncio.Semaphore(concurrency)
        self._starting = asyncio.Lock()
        self._started = False

    async def ask(self, question: str, read: Callable[[str], T]) -> T:
        """Return what the model answers.

        Args:
            question: one message.
            read: makes of the answer what is wanted; raises ``ValueError`` with what is wrong
                about it, which the model is told.

        Raises:
            JudgeError: it answers nothing readable, or not in time, or fails.
        """
        await self._start()
        messages: tuple[Message, ...] = (Message("user", question),)
        problem = ""
        for _ in range(self._retries + 1):
            answer = await self._answer(messages)
            try:
                return read(answer)
            except ValueError as exc:
                problem = str(exc)
            again = f"That cannot be used: {problem}\nAnswer again, in the form asked for."
            messages = (messages[0], Message("assistant", answer), Message("user", again))
        raise JudgeError(
            f"{self.model.name} gave no usable answer in {self._retries + 1} tries: {problem}"
        )

    async def close(self) -> None:
        """Close the model, if it was started."""
        if self._started:
            self._started = False
            await self.model.close()

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                await self.model.start()
                self._started = True

    async def _answer(self, messages: tuple[Message, ...]) -> str:
        try:
            async with self._slots, asyncio.timeout(self._timeout_s):
                with boundary(ModelError, "asking"):
                    return (await self.model.generate(Request(messages, self._sampling))).text
        except TimeoutError:
            raise JudgeError(
                f"{self.model.name} did not answer within {self._timeout_s:g} s"
            ) from None
        except (InfrastructureError, ContextFullError) as exc:
            raise JudgeError(f"{self.model.name} failed: {exc}") from exc


def json_list_in(answer: str) -> list[Any]:
    """Return the last JSON list of an answer, whatever stands around it.

    Raises:
        ValueError: there is none.

    >>> json_list_in("Of these, [1, 2] are near; reached: [2]")
    [2]
    """
    decoder = json.JSONDecoder()
    found: list[Any] | None = None
    at = answer.find("[")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found = value
        at = answer.find("[", end)
    if found is None:
        raise ValueError("it holds no JSON list")
    return found

"""Requests to a server that speaks OpenAI's protocol: limits, retries and what an error means.

The ``openai`` client carries them, with its own retries off: it does not say what went wrong on
the way, and it gives up on answers that cannot be read.
"""

import asyncio
import ipaddress
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai

from agentrl.errors import (
    AgentrlError,
    ContextFullError,
    ModelError,
    ServiceDownError,
    UsageError,
    nearest,
)
from agentrl.models.retry import RetryPolicy, is_retried, retry_after_s

logger = logging.getLogger(__name__)

T = TypeVar("T")
Json = dict[str, Any]

SHOWN_BODY = 200
"""How many characters of a server's error a message shows."""

_CONTEXT_FULL = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|max_model_len"
    r"|context (window|length|size)|(prompt|input) is too long",
    re.IGNORECASE,
)
_NO_SUCH_MODEL = re.compile(
    r"model_not_found|not a valid model|model\b.{0,80}\b(does not exist|not found)", re.IGNORECASE
)


class UnreadableAnswerError(Exception):
    """A server answered with success and something that is no answer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model on a server."""

    base_url: str
    """Root of the API, such as ``http://localhost:8000/v1``."""
    model: str
    """The server's name for the model."""
    api_key: str = "none"
    key_env: str = ""
    """Environment variable that the key came from; messages name it."""
    timeout_s: float = 120.0
    """Longest wait for one answer."""
    concurrency: int = 32
    """Most requests under way at a time."""

    def __post_init__(self) -> None:
        url = urlsplit(self.base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise UsageError(
                f"base_url is {self.base_url!r}, expected an address such as "
                "'http://localhost:8000/v1'"
            )


def is_loopback(url: str) -> bool:
    """Whether a URL points to this machine.

    >>> is_loopback("http://127.0.0.1:8000/v1"), is_loopback("https://api.openai.com/v1")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class ApiClient:
    """Sends requests to one endpoint; use it on one event loop only."""

    def __init__(
        self,
        endpoint: Endpoint,
        retry: RetryPolicy,
        *,
        lost: Callable[[], AgentrlError | None] = lambda: None,
    ) -> None:
        """
        Args:
            endpoint: where requests go.
            retry: when they are sent again.
            lost: returns an error once no further try can succeed.
        """
        self._endpoint = endpoint
        self._retry = retry
        self._lost = lost
        self._offered: tuple[str, ...] = ()
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        # A proxy named in the environment cannot reach a server on this machine.
        direct = is_loopback(endpoint.base_url)
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key,
            max_retries=0,
            timeout=endpoint.timeout_s,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False) if direct else None,
        )

    async def models(self) -> tuple[Json, ...]:
        """Return the models that the server offers; empty where it does not say.

        Raises:
            UsageError: the server refuses the key.
            ServiceDownError: no server answers, or it only fails.
        """
        get = partial(self._client.get, "/models", cast_to=object)
        try:
            models = await self._send(get, _read_models)
        except _GaveUpError as gave_up:
            url, last = self._url("/models"), gave_up.last
            if _status(last) in (401, 403):
                raise self._key_refused(url, last) from last
            if _status(last) >= 500 or isinstance(last, openai.APIConnectionError | TimeoutError):
                raise ServiceDownError(
                    f"no server answers at {url} ({self._problem(last)}); start it or set the "
                    "model's base_url"
                ) from last
            return ()
        self._offered = tuple(str(model["id"]) for model in models)
        return models

    async def post(self, path: str, body: Json, read: Callable[[Any], T]) -> T:
        """Send ``body`` to ``path`` and return what ``read`` makes of the JSON that comes back.

        Raises:
            ModelError: no readable answer after every retry.
            ContextFullError: the server says that the conversation is too long.
            UsageError: the server refuses the key or does not have the model.
        """
        post = partial(self._client.post, path, cast_to=object, body=body)
        try:
            return await self._send(post, read)
        except _GaveUpError as gave_up:
            raise self._meaning(self._url(path), gave_up) from gave_up.last

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _url(self, path: str) -> str:
        return self._endpoint.base_url.rstrip("/") + path

    async def _send(self, send: Callable[[], Awaitable[object]], read: Callable[[Any], T]) -> T:
        tries = 0
        while True:
            tries += 1
            try:
                async with self._slots, asyncio.timeout(self._endpoint.timeout_s):
                    return read(await send())
            except _FAILURES as error:
                last = error
            if lost := self._lost():
                raise lost from last
            if tries > self._retry.max_retries or not _may_pass(last):
                raise _GaveUpError(last, tries)
            pause = self._retry.pause_s(tries, _asked_s(last))
            logger.info("try %d failed (%s), next in %.1f s", tries, self._problem(last), pause)
            await asyncio.sleep(pause)

    def _meaning(self, url: str, gave_up: "_GaveUpError") -> AgentrlError:
        """What an error on a request is to the run."""
        last, status = gave_up.last, _status(gave_up.last)
        problem = self._problem(last)
        if status in (400, 413, 422) and _CONTEXT_FULL.search(_body(last)):
            return ContextFullError(f"{url} says that the conversation is too long: {problem}")
        if status in (401, 403):
            return self._key_refused(url, last)
        if status == 404 or (status == 400 and _NO_SUCH_MODEL.search(_body(last))):
            return self._no_such_model(url, problem)
        times = "once" if gave_up.tries == 1 else f"{gave_up.tries} times"
        return ModelError(f"{url} was tried {times} and did not answer; last: {problem}")

    def _key_refused(self, url: str, error: Exception) -> UsageError:
        key = f"the key in {self._endpoint.key_env}" if self._endpoint.key_env else "the request"
        return UsageError(
            f"{url} refuses {key}: {self._problem(error)}; set a key that may use "
            f"{self._endpoint.model!r}"
        )

    def _no_such_model(self, url: str, problem: str) -> UsageError:
        model = self._endpoint.model
        offered = ", ".join(self._offered[:8]) or "it does not say which"
        more = f" and {len(self._offered) - 8} more" if len(self._offered) > 8 else ""
        return UsageError(
            f"{url} does not have the model {model!r}{nearest(model, self._offered)}: {problem}; "
            f"models it offers: {offered}{more}"
        )

    def _problem(self, error: Exception) -> str:
        """One line on what went wrong, with the start of what the server said."""
        if isinstance(error, openai.APIStatusError):
            return f"HTTP {error.status_code}: {_body(error)[:SHOWN_BODY]}"
        if isinstance(error, openai.APITimeoutError | TimeoutError):
            return f"no answer within {self._endpoint.timeout_s:g} s"
        if isinstance(error, openai.APIConnectionError):
            cause = error.__cause__ or error
            return f"{type(cause).__name__}: {cause}"
        return f"unreadable answer: {error}"


class _GaveUpError(Exception):
    def __init__(self, last: Exception, tries: int) -> None:
        super().__init__(str(last))
        self.last = last
        self.tries = tries


_FAILURES = (
    openai.APIError,
    TimeoutError,
    json.JSONDecodeError,
    UnicodeDecodeError,
    UnreadableAnswerError,
)


def _status(error: Exception) -> int:
    return error.status_code if isinstance(error, openai.APIStatusError) else 0


def _body(error: Exception) -> str:
    return error.response.text if isinstance(error, openai.APIStatusError) else ""


def _may_pass(error: Exception) -> bool:
    return not isinstance(error, openai.APIStatusError) or is_retried(error.status_code)


def _asked_s(error: Exception) -> float | None:
    if isinstance(error, openai.APIStatusError):
        return retry_after_s(error.response.headers)
    return None


def _read_models(answer: Any) -> tuple[Json, ...]:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        return ()
    return tuple(model for model in data if isinstance(model, dict) and "id" in model)

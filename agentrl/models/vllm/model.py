"""A model behind a vLLM server: tokens in, tokens out."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from agentrl.episode import Generation
from agentrl.errors import ContextFullError, ModelError, UsageError
from agentrl.models.api import ApiClient, Endpoint
from agentrl.models.base import Request
from agentrl.models.chat import HFChatTokenizer, load_tokenizer
from agentrl.models.retry import RetryPolicy
from agentrl.models.vllm.choices import ChoiceMasks
from agentrl.models.vllm.completion import completion_body, read_completion
from agentrl.models.vllm.server import VllmServer, check_installed
from agentrl.suite.model import VllmSpec


class VllmModel:
    """A checkpoint served by vLLM, by a server of its own or by one that others share.

    What a ``Generation`` of it records:

    - ``logprobs`` are of the distribution that was sampled from: what ``choices`` allow, then
      temperature, ``top_k`` and ``top_p``, renormalised. At temperature 0 they are those of
      temperature 1 without ``top_k`` and ``top_p``.
    - ``choices`` allow every tokenisation of their texts, not only the tokenizer's own; ``allowed``
      says so.
    - A conversation's cache is vLLM's prefix cache; ``usage.cached_tokens`` tells what it saved.
    """

    def __init__(
        self,
        spec: VllmSpec,
        *,
        base_url: str | None = None,
        log: Path | None = None,
        retry: RetryPolicy | None = None,
        updatable: bool = False,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """
        Args:
            spec: what is served.
            base_url: a running ``VllmServer``'s address; None starts a server.
            log: file for the output of a server that is started; None makes a temporary one.
            retry: when a failed request is sent again.
            updatable: the server that is started lets its weights be replaced.
            environment: variables that the server gets besides our own.
        """
        self._spec = spec
        self._base_url = base_url
        self._server = None
        if base_url is None:
            self._server = VllmServer(spec, log=log, updatable=updatable, environment=environment)
        self._retry = retry or RetryPolicy(max_retries=3)
        self._api: ApiClient | None = None
        self._served_name = ""
        self._tokenizer: HFChatTokenizer | None = None
        self._context_window: int | None = None
        self._masks: ChoiceMasks | None = None
        self._masks_lock = asyncio.Lock()

    @property
    def name(self) -> str:
        path = Path(self._spec.checkpoint)
        return path.name if path.is_dir() else self._spec.checkpoint

    @property
    def server(self) -> VllmServer | None:
        """The server that it starts; None where it uses another one's."""
        return self._server

    @property
    def tokenizer(self) -> HFChatTokenizer | None:
        return self._tokenizer

    @property
    def context_window(self) -> int | None:
        return self._context_window

    async def start(self) -> None:
        """Start or reach the server; does nothing when that is done.

        Raises:
            CheckpointError: there is no such checkpoint, or it is incomplete; no server is started.
            MissingDependencyError: vLLM or transformers is not installed.
            ServiceDownError: the server does not come up, or none answers at ``base_url``.
        """
        if self._api is not None:
            return
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def _start(self) -> None:
        if self._server is not None:
            check_installed()
        self._tokenizer = await asyncio.to_thread(load_tokenizer, self._spec.checkpoint)
        if self._server is not None:
            await self._server.start()
        self._api = ApiClient(self._endpoint(), self._retry, lost=self._lost)
        for model in await self._api.models():
            self._served_name = str(model["id"])
            self._context_window = model.get("max_model_len")

    async def generate(self, request: Request) -> Generation:
        """Answer one request.

        Raises:
            ModelError: no readable answer after every retry, or the server died meanwhile.
            ContextFullError: prompt and ``max_tokens`` exceed the context window.
            ServiceDownError: the server is dead; no further request can be answered.
            UsageError: the prompt or ``choices`` is empty.
        """
        if self._api is None or self._tokenizer is None:
            raise ModelError(f"{self.name} is not running; call start before generate")
        if self._server is not None and not self._server.is_running:
            raise self._server.down("ended")
        prompt = request.token_ids
        if prompt is None:
            text = self._tokenizer.render(request.messages, generation_prompt=True)
            prompt = self._tokenizer.encode(text)
        self._check(prompt, request)
        return await self._complete(self._api, self._tokenizer, prompt, request)

    async def close(self) -> None:
        """Close the connections, and end the server if it was started here."""
        api, self._api = self._api, None
        if api is not None:
            await api.close()
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    def _endpoint(self) -> Endpoint:
        url = self._base_url
        if url is None:
            assert self._server is not None
            url = self._server.base_url
        return Endpoint(
            base_url=url,
            model=self._spec.checkpoint,
            timeout_s=self._spec.timeout_s,
            concurrency=self._spec.concurrency,
        )

    def _lost(self) -> ModelError | None:
        if self._server is None or self._server.is_running:
            return None
        return ModelError(str(self._server.down("ended while it answered")))

    def _check(self, prompt: tuple[int, ...], request: Request) -> None:
        if not prompt:
            raise UsageError("the prompt is empty; give messages or at least one token")
        if request.choices is not None and not request.choices:
            raise UsageError(
                "choices is empty, so no answer is allowed; give at least one choice, or None to "
                "allow any answer"
            )
        window, room = self._context_window, request.sampling.max_tokens
        if window is not None and len(prompt) + room > window:
            raise ContextFullError(
                f"prompt of {len(prompt)} tokens and max_tokens of {room} exceed the context "
                f"window of {self.name}, {window} tokens; shorten the conversation or lower "
                "max_tokens"
            )

    async def _complete(
        self,
        api: ApiClient,
        tokenizer: HFChatTokenizer,
        prompt: tuple[int, ...],
        request: Request,
    ) -> Generation:
        started = time.perf_counter()
        body = completion_body(self._served_name, prompt, request, tokenizer.end_of_turn_ids)
        generation = await api.post(
            "/completions", body, lambda answer: read_completion(answer, self.name, request)
        )
        latency_s = time.perf_counter() - started
        if request.choices is None:
            return replace(generation, latency_s=latency_s)
        masks = await self._choice_masks(tokenizer)
        allowed = await asyncio.to_thread(
            masks.allowed, request.choices, generation.token_ids or ()
        )
        return replace(generation, latency_s=latency_s, allowed=allowed)

    async def _choice_masks(self, tokenizer: HFChatTokenizer) -> ChoiceMasks:
        async with self._masks_lock:
            if self._masks is None:
                self._masks = await asyncio.to_thread(
                    ChoiceMasks, self._spec.checkpoint, tokenizer.end_of_turn_ids
                )
        return self._masks

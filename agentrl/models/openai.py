"""A model behind any server that speaks OpenAI's chat completions.

What is recorded is text: which tokens were sampled, and from which distribution, a chat server
does not say reliably. To train on what was sampled, use ``vllm`` or ``transformers``.
"""

import os
import time
from typing import Any
from urllib.parse import urlsplit

from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import ModelError, UsageError
from agentrl.models.api import ApiClient, Endpoint, Json, UnreadableAnswerError, is_loopback
from agentrl.models.base import Request
from agentrl.models.retry import RetryPolicy
from agentrl.suite.model import OpenAISpec, Prices


class OpenAIModel:
    """Answers through a chat completions server; holds no tokens."""

    tokenizer = None

    def __init__(self, spec: OpenAISpec, *, retry: RetryPolicy | None = None) -> None:
        """
        Args:
            spec: which server and model.
            retry: pauses between tries; None: ``spec.max_retries`` with the usual pauses.

        Raises:
            UsageError: the address is none, or the server needs a key and none is set.
        """
        self._spec = spec = _addressed(spec)
        self._endpoint = Endpoint(
            base_url=spec.base_url,
            model=spec.model,
            api_key=_api_key(spec),
            key_env=spec.api_key_env,
            timeout_s=spec.timeout_s,
            concurrency=spec.concurrency,
        )
        self._retry = retry or RetryPolicy(spec.max_retries)
        self._api: ApiClient | None = None
        self._context_window = spec.context_window
        self._is_vllm = False

    @property
    def name(self) -> str:
        return self._spec.model

    @property
    def context_window(self) -> int | None:
        """As the suite or, after ``start``, the server says; None where neither does."""
        return self._context_window

    async def start(self) -> None:
        """See that the server answers, and what it says about the model.

        A server that does not list its models is taken as it is; one that lists others may know
        the model under one more name, so only the first request shows that it is not there.
        """
        self._api = self._api or ApiClient(self._endpoint, self._retry)
        for model in await self._api.models():
            if model["id"] == self._spec.model:
                self._is_vllm = model.get("owned_by") == "vllm"
                self._context_window = self._context_window or model.get("max_model_len")

    async def generate(self, request: Request) -> Generation:
        """Answer one request. ``usage`` and cost are zero where the server states no usage.

        Raises:
            ModelError: no readable answer after every retry.
            ContextFullError: the server says that the conversation is too long.
            UsageError: the server refuses the key, does not have the model, or cannot keep to
                ``choices``.
        """
        if self._api is None:
            raise ModelError(f"{self.name} is not running; call start before generate")
        body = self._body(request)
        started = time.perf_counter()
        generation = await self._api.post(
            "/chat/completions", body, lambda answer: self._read(answer, request, started)
        )
        if request.choices is not None and generation.finish_reason != "length":
            _check_choice(generation.text, request.choices, self._spec.base_url)
        return generation

    async def close(self) -> None:
        """Close the connections."""
        if self._api is not None:
            await self._api.close()
            self._api = None

    def _body(self, request: Request) -> Json:
        sampling = request.sampling
        # OpenAI's newer models know only the long name, other servers only the short one.
        limit = "max_completion_tokens" if _is_openai(self._spec.base_url) else "max_tokens"
        body: Json = {
            "model": self._spec.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "temperature": sampling.temperature,
            limit: sampling.max_tokens,
            **_options(sampling),
        }
        if request.choices is not None:
            self._require_choices()
            body["structured_outputs"] = {"choice": list(request.choices)}
        body |= self._spec.extra
        return {key: value for key, value in body.items() if value is not None}

    def _require_choices(self) -> None:
        if not self._is_vllm:
            raise UsageError(
                f"{self._spec.base_url} is not known to keep an answer to given choices: "
                "constrained generation needs agent.model.backend 'transformers' or 'vllm'; use "
                "one of them or set agent.constrain to false"
            )

    def _read(self, answer: Any, request: Request, started: float) -> Generation:
        text, finish_reason = _read_choice(answer)
        usage = _read_usage(answer.get("usage"))
        return Generation(
            text=text,
            finish_reason=finish_reason,
            model=str(answer.get("model") or self._spec.model),
            sampling=request.sampling,
            usage=usage,
            cost_usd=cost_usd(usage, self._spec.prices),
            latency_s=time.perf_counter() - started,
        )


def cost_usd(usage: Usage, prices: Prices) -> float:
    """Return what an answer costs.

    >>> cost_usd(Usage(1_000_000, 500_000), Prices(input=2.0, output=10.0))
    7.0
    """
    cached_price = prices.input if prices.cached_input is None else prices.cached_input
    fresh = usage.prompt_tokens - usage.cached_tokens
    millionths = (
        fresh * prices.input
        + usage.cached_tokens * cached_price
        + usage.completion_tokens * prices.output
    )
    return millionths / 1e6


def _addressed(spec: OpenAISpec) -> OpenAISpec:
    """Return the settings with the address that the environment gives, where it shall."""
    if spec.base_url_env is None:
        return spec
    url = os.environ.get(spec.base_url_env, "").strip()
    if not url:
        raise UsageError(
            f"environment variable {spec.base_url_env} is not set, and it holds the address of the "
            f"server of {spec.model}; set it, such as to http://localhost:8000/v1, or give "
            f"base_url and no base_url_env"
        )
    return spec.model_copy(update={"base_url": url})


def _api_key(spec: OpenAISpec) -> str:
    key = os.environ.get(spec.api_key_env, "").strip()
    if not key and not is_loopback(spec.base_url):
        raise UsageError(
            f"environment variable {spec.api_key_env} is not set, and {spec.base_url} needs an API "
            f"key; set {spec.api_key_env}, or name another variable in agent.model.api_key_env"
        )
    return key or "none"


def _is_openai(base_url: str) -> bool:
    return urlsplit(base_url).hostname == "api.openai.com"


def _options(sampling: Sampling) -> Json:
    """Settings that some servers refuse to see at all, so only where they change something."""
    options: Json = {}
    if sampling.top_p != 1.0:
        options["top_p"] = sampling.top_p
    if sampling.top_k:
        options["top_k"] = sampling.top_k
    if sampling.stop:
        options["stop"] = list(sampling.stop)
    if sampling.seed is not None:
        options["seed"] = sampling.seed
    return options


def _read_choice(answer: Any) -> tuple[str, str]:
    """Return the text and why it ended."""
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise UnreadableAnswerError(f"no choices in {str(answer)[:200]!r}")
    message = choices[0].get("message")
    text = message.get("content") if isinstance(message, dict) else None
    finish_reason = str(choices[0].get("finish_reason") or "stop")
    if text is None and finish_reason == "length":
        text = ""  # the model spent the whole answer on thoughts that the server keeps to itself
    if not isinstance(text, str):
        raise UnreadableAnswerError(f"no text in the answer: {str(choices[0])[:200]!r}")
    return text, finish_reason


def _read_usage(usage: Any) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(cached),
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _check_choice(text: str, choices: tuple[str, ...], url: str) -> None:
    if text not in choices:
        raise UsageError(
            f"{url} answered {text!r}, which is none of the {len(choices)} allowed choices: it "
            "does not keep to them; use agent.model.backend 'vllm' or set agent.constrain to false"
        )

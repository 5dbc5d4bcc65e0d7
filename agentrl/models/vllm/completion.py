"""vLLM's completions as they go over the wire: token ids in, token ids out."""

from collections.abc import Iterable
from typing import Any

from agentrl.episode import Generation, Usage
from agentrl.models.api import Json, UnreadableAnswerError
from agentrl.models.base import Request


def completion_body(
    model: str, prompt: tuple[int, ...], request: Request, end_ids: Iterable[int]
) -> Json:
    """Return what is sent to ``/completions`` to continue ``prompt``."""
    sampling = request.sampling
    body: Json = {
        "model": model,
        "prompt": list(prompt),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop),
        "stop_token_ids": sorted(end_ids),
        "seed": sampling.seed,
        "logprobs": 0,  # those of the sampled tokens alone
        "return_token_ids": True,
    }
    if request.choices is not None:
        body["structured_outputs"] = {"choice": list(request.choices)}
    return body


def read_completion(answer: Any, model: str, request: Request) -> Generation:
    """Return the answer that a server's JSON holds, without ``allowed`` and its duration.

    Raises:
        UnreadableAnswerError: it holds none, or not every sampled token with its log-probability.
    """
    try:
        choice = answer["choices"][0]
        tokens, logprobs = choice["token_ids"], choice["logprobs"]["token_logprobs"]
        generation = Generation(
            text=choice["text"],
            finish_reason=choice["finish_reason"],
            model=model,
            sampling=request.sampling,
            usage=_usage(answer["usage"]),
            token_ids=tuple(tokens),
            logprobs=tuple(logprobs),
            prompt_token_ids=tuple(choice["prompt_token_ids"]),
        )
    except (KeyError, IndexError, TypeError) as exc:
        problem = f"{type(exc).__name__}: {exc} in {str(answer)[:200]!r}"
        raise UnreadableAnswerError(problem) from exc
    if len(tokens) != len(logprobs) or generation.finish_reason not in ("stop", "length"):
        raise UnreadableAnswerError(
            f"{len(tokens)} tokens, {len(logprobs)} log-probabilities, ended by "
            f"{generation.finish_reason!r}"
        )
    return generation


def _usage(usage: Json) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        prompt_tokens=usage["prompt_tokens"],
        completion_tokens=usage["completion_tokens"],
        cached_tokens=details.get("cached_tokens") or 0,
    )

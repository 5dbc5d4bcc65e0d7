"""What a client asks: the body of a chat completion, read and checked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.errors import UsageError

MOST_CHOICES = 16
"""Largest ``n``; our choice."""

_HARMLESS = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "n",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "metadata",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "service_tier",
        "parallel_tool_calls",
    }
)
"""Read, or without effect on an answer."""
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "store": (False,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
}
"""Not supported, but for a value that asks for nothing; null never does."""
_SYSTEM = ("system", "developer")


class RequestError(UsageError):
    """A request that cannot be answered; its message is for the client."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.param, self.code, self.status, self.kind = param, code, status, kind


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a chat completion."""

    question: str
    """What the policy and the workers are asked."""
    n: int = 1
    temperature: float | None = None
    """Of the policy; None: as it was evaluated."""
    top_p: float | None = None
    max_tokens: int | None = None
    """Longest answer; None: whatever comes."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    """None: another one for each request."""
    group: str | None = None
    """Kind of the task, as the pool's workers have their performance by."""
    stream: bool = False
    usage_in_stream: bool = False


def read_request(body: bytes, model: str) -> Asked:
    """Return what a body asks for.

    Args:
        body: as it came.
        model: the name that is served.

    Raises:
        RequestError: it asks for what is not to be had.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise RequestError(f"the body is no JSON: {exc}", code="invalid_json") from None
    if not isinstance(data, dict):
        raise RequestError("the body is no JSON object")
    if data.get("model", model) != model:
        message = f"there is no model {str(data['model'])[:100]!r} here; there is {model!r}"
        raise RequestError(message, param="model", code="model_not_found", status=404)
    _check_supported(data)
    given = {name: value for name, value in data.items() if value is not None}
    stop = given.get("stop", ())
    stream = _flag(given, "stream")
    most = _whole(given, "max_completion_tokens", 1) or _whole(given, "max_tokens", 1)
    return Asked(
        question=question_of(_messages(given.get("messages"))),
        n=_whole(given, "n", 1, MOST_CHOICES) or 1,
        temperature=_number(given, "temperature", 0.0, 2.0),
        top_p=_number(given, "top_p", 1e-6, 1.0),
        max_tokens=most,
        stop=_stops([stop] if isinstance(stop, str) else stop),
        seed=_whole(given, "seed", -(2**63), 2**63 - 1),
        group=_group(given.get("metadata")),
        stream=stream,
        usage_in_stream=stream and _includes_usage(given.get("stream_options")),
    )


def question_of(messages: Sequence[tuple[str, str]]) -> str:
    r"""Return a chat as the one question that policies are trained on.

    A single message of a user is the question as it stands. What a system message says comes
    first; earlier turns come before the last question, under a heading.

    >>> question_of([("user", "1 + 1")])
    '1 + 1'
    >>> question_of([("system", "Be brief."), ("user", "1 + 1")])
    'Be brief.\n\n1 + 1'

    Raises:
        RequestError: the chat does not end with a user's message.
    """
    if not messages or messages[-1][0] != "user":
        raise RequestError("messages must end with a message of role user", param="messages")
    *earlier, (_, last) = messages
    system = [text for role, text in earlier if role in _SYSTEM]
    turns = [f"{role}: {text}" for role, text in earlier if role not in _SYSTEM]
    if turns:
        last = "\n\n".join(["Said before:", *turns, "The question now:", last])
    return "\n\n".join([*system, last])


def _check_supported(data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        if name in _HARMLESS or value is None:
            continue
        if name not in _NEUTRAL:
            message = f"unknown parameter: {name[:100]!r}"
            raise RequestError(message, param=name[:100], code="unknown_parameter")
        if value not in _NEUTRAL[name]:
            raise RequestError(
                f"{name} is not supported: workers answer with text, as the pool says; leave it "
                f"out",
                param=name,
                code="unsupported_parameter",
            )


def _messages(given: Any) -> list[tuple[str, str]]:
    if not isinstance(given, list) or not given:
        raise RequestError(
            "messages is missing: a list of objects with role and content", param="messages"
        )
    return [_message(message, number) for number, message in enumerate(given)]


def _message(message: Any, number: int) -> tuple[str, str]:
    where = f"messages[{number}]"
    if not isinstance(message, dict):
        raise RequestError(f"{where} is no object", param=where)
    role, content = message.get("role"), message.get("content")
    if role not in (*_SYSTEM, "user", "assistant"):
        raise RequestError(
            f"{where}.role is {str(role)[:40]!r}, expected system, developer, user or assistant; "
            f"tools are not supported",
            param=f"{where}.role",
        )
    if isinstance(content, list):
        parts = [_part(part, where) for part in content]
        content = "\n".join(parts)
    if not isinstance(content, str) or not content.strip():
        raise RequestError(f"{where}.content is empty, expected a text", param=f"{where}.content")
    return role, content


def _part(part: Any, where: str) -> str:
    text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
    if not isinstance(text, str):
        raise RequestError(
            f"{where}.content has a part that is no text; only text is supported",
            param=f"{where}.content",
        )
    return text


def _number(given: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise RequestError(
            f"{name} is {str(value)[:40]}, expected a number from {least:g} to {most:g}", param=name
        )
    return float(value)


def _whole(given: Mapping[str, Any], name: str, least: int, most: int | None = None) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        until = "" if most is None else f" and at most {most}"
        raise RequestError(
            f"{name} is {str(value)[:40]}, expected a whole number of at least {least}{until}",
            param=name,
        )
    return int(value)


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise RequestError(f"{name} is {str(value)[:40]!r}, expected true or false", param=name)
    return value


def _stops(stops: Any) -> tuple[str, ...]:
    if not isinstance(stops, list | tuple) or not all(isinstance(s, str) and s for s in stops):
        raise RequestError("stop is no text and no list of texts", param="stop")
    return tuple(stops)


def _group(metadata: Any) -> str | None:
    group = metadata.get("group") if isinstance(metadata, dict) else None
    if group is not None and not isinstance(group, str):
        raise RequestError("metadata.group is no text", param="metadata")
    return group


def _includes_usage(options: Any) -> bool:
    return isinstance(options, dict) and options.get("include_usage") is True

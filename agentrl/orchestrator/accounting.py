"""What an answer took, exactly: tokens, USD and seconds, and whether the usage can be true."""

import math
from collections.abc import Iterable
from dataclasses import replace

from agentrl.episode import Generation, Usage
from agentrl.models.base import Message
from agentrl.orchestrator.worker import Answer, Descriptor

CHARS_PER_TOKEN = 4
"""Characters of a token, where nobody counted: the usual rule of thumb."""
MOST_CHARS_PER_TOKEN = 100
"""Longer tokens do not exist in numbers: with fewer tokens than this, a usage is too small."""
HIDDEN_PROMPT = 20_000
"""Most tokens that a server may add to what it was given: a template, a text of its own."""
HIDDEN_ANSWER = 200_000
"""Most tokens of thoughts that a server may keep to itself."""
MOST_TOKENS = 100_000_000
"""More than any episode of an agent takes."""


def estimated_tokens(chars: int) -> int:
    """Return about how many tokens a text of so many characters has, at least one for a text.

    >>> estimated_tokens(0), estimated_tokens(1), estimated_tokens(599)
    (0, 1, 150)
    """
    return max((chars + CHARS_PER_TOKEN // 2) // CHARS_PER_TOKEN, min(chars, 1))


def usd(usage: Usage, descriptor: Descriptor) -> float | None:
    """Return what tokens cost by a worker's prices; None where a price is not known.

    >>> usd(Usage(1_000_000, 500_000), Descriptor(price_in=2.0, price_out=10.0))
    7.0
    """
    price_in, price_out = descriptor.price_in, descriptor.price_out
    if price_in is None or price_out is None:
        return None
    cached = descriptor.price_cached
    millionths = (
        (usage.prompt_tokens - usage.cached_tokens) * price_in
        + usage.cached_tokens * (price_in if cached is None else cached)
        + usage.completion_tokens * price_out
    )
    return millionths / 1e6


def chars_given(messages: Iterable[Message]) -> int:
    """Return how many characters a chat has."""
    return sum(len(message.content) for message in messages)


def counted(usage: Usage, given: int, said: int) -> tuple[Usage, str]:
    """Return the usage of one call of a model, counted anew where the stated one cannot be true.

    Args:
        usage: what the server states.
        given: characters that it was given.
        said: characters that it answered.

    Returns:
        The usage, and a note that says why it is ours; empty where it is the server's.
    """
    problem = _problem(usage, given, said)
    if not problem:
        return usage, ""
    ours = Usage(estimated_tokens(given), estimated_tokens(said))
    return ours, f"{problem}; counted as one token for {CHARS_PER_TOKEN} characters"


def settled(answer: Answer, given: int, descriptor: Descriptor, seconds: float) -> Answer:
    """Return an answer whose tokens, USD and seconds can be added up.

    Args:
        answer: as the worker gave it.
        given: characters that it was given.
        descriptor: the worker's prices; where they are not known, what the answer says that it
            cost is kept.
        seconds: how long the call took, for an answer that does not say.
    """
    stated, note = answer.generation, answer.note
    usage = stated.usage
    if _impossible(usage):
        usage, why = counted(usage, given, len(answer.text))
        note = f"{note}; {why}" if note else why
    by_prices = usd(usage, descriptor)
    said_usd = stated.cost_usd if _is_amount(stated.cost_usd) else 0.0
    generation = Generation(  # workers' tokens are nobody's to train on
        text=answer.text,
        finish_reason=stated.finish_reason,
        model=stated.model,
        sampling=stated.sampling,
        usage=usage,
        cost_usd=said_usd if by_prices is None else by_prices,
        latency_s=stated.latency_s if _is_amount(stated.latency_s) else seconds,
    )
    return replace(answer, generation=generation, note=note)


def _problem(usage: Usage, given: int, said: int) -> str:
    if _impossible(usage):
        return f"the server states a usage that cannot be: {_shown(usage)}"
    if said and not usage.completion_tokens:
        return "the server states no usage"
    if _too_few(usage.prompt_tokens, given) or _too_few(usage.completion_tokens, said):
        return f"the server states a usage that is too small: {_shown(usage)}"
    # A token is at least a byte, and a character at most four.
    if (
        usage.prompt_tokens > 4 * given + HIDDEN_PROMPT
        or usage.completion_tokens > 4 * said + HIDDEN_ANSWER
    ):
        return f"the server states a usage that is too large: {_shown(usage)}"
    return ""


def _impossible(usage: Usage) -> bool:
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
    return min(counts) < 0 or max(counts) > MOST_TOKENS or usage.cached_tokens > usage.prompt_tokens


def _too_few(tokens: int, chars: int) -> bool:
    return tokens * MOST_CHARS_PER_TOKEN < chars


def _is_amount(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _shown(usage: Usage) -> str:
    return f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out"

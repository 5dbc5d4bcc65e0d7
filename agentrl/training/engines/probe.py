"""Asking engine and trainer for the probability of the same tokens."""

import asyncio

from agentrl.episode import Sampling
from agentrl.errors import ModelError, SyncError
from agentrl.models.base import Message, Model, Request
from agentrl.training.engines.base import WeightSource

_QUESTIONS = ("Where am I?", "Open the door, then go north. What do you see?")
_TOKENS = 12


async def probe(
    model: Model, source: WeightSource, tolerance: float, causes: str
) -> tuple[float, int]:
    """Compare an engine with the trainer; return the largest gap and how many tokens it is of.

    The engine answers fixed questions with a fixed seed at temperature 1, and both say how likely
    they find each token. An engine that has other weights finds its own answer likelier or less
    likely than the trainer does.

    Args:
        model: the engine's, with requests let in.
        source: the trainer's weights.
        tolerance: largest difference that is rounding.
        causes: ends the message where it is more: what is likely wrong.

    Raises:
        SyncError: the gap is larger than ``tolerance``.
        ModelError: the engine does not tell tokens and log-probabilities.
    """
    worst, count, shown = 0.0, 0, ""
    for seed, question in enumerate(_QUESTIONS):
        sampling = Sampling(max_tokens=_TOKENS, seed=seed)
        answer = await model.generate(Request((Message("user", question),), sampling))
        prompt, tokens, engine = answer.prompt_token_ids, answer.token_ids, answer.logprobs
        if prompt is None or tokens is None or engine is None:
            raise ModelError(f"{model.name} tells no tokens and log-probabilities")
        trainer = await asyncio.to_thread(source.logprobs, prompt, tokens)
        for token, a, b in zip(tokens, engine, trainer, strict=True):
            count += 1
            gap = abs(a - b)
            if not gap <= worst:  # NaN is worse than anything
                worst, shown = gap, f"token {token}: engine {a:.6f}, trainer {b:.6f}"
    if not worst <= tolerance:
        raise SyncError(
            f"the engine does not have the trainer's weights: log-probabilities differ by "
            f"{worst:.6f} nats, more than policy.sync_tolerance = {tolerance:g} ({shown}). {causes}"
        )
    return worst, count

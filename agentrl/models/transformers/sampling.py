"""From logits to a sampled token and the probability it was sampled with.

The order is: keep the allowed tokens, divide by the temperature, keep ``top_k``, keep ``top_p``,
renormalise. A trainer that applies ``log_distribution`` to its own logits gets the distribution
that was sampled from.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from agentrl.episode import Sampling
from agentrl.errors import ModelError

Allowed = Sequence[int] | None
"""The ids that a token is chosen from; None where nothing is ruled out."""


def log_distribution(
    logits: Tensor,
    samplings: Sequence[Sampling],
    allowed: Sequence[Allowed],
    kept: Tensor | None = None,
) -> Tensor:
    """Return the log-probabilities that tokens are sampled with, as float32.

    Temperature 0 takes the most likely token; its distribution is recorded as the one at
    temperature 1 without ``top_k`` and ``top_p``, because the true one (all in one token) would
    teach nothing about how sure the model was. Tokens as likely as the last one that ``top_k``
    keeps are kept too.

    Args:
        logits: the model's scores, ``[rows, vocabulary]``.
        samplings: how each row is sampled.
        allowed: what each row is restricted to.
        kept: for each row a token that ``top_k`` and ``top_p`` never drop, ``[rows]``: the one that
            other weights sampled.
    """
    if len(logits) == 0:
        return logits.float()
    scores = _only_allowed(logits.float(), allowed)
    temperatures = [1.0 if _greedy(s) else s.temperature for s in samplings]
    if any(t != 1.0 for t in temperatures):
        scores = scores / scores.new_tensor(temperatures).unsqueeze(1)
    vocabulary = scores.shape[1]
    top_k = [vocabulary if _greedy(s) or s.top_k <= 0 else s.top_k for s in samplings]
    if min(top_k) < vocabulary:
        scores = _keep_top_k(scores, top_k, kept)
    top_p = [1.0 if _greedy(s) else s.top_p for s in samplings]
    if min(top_p) < 1.0:
        scores = _keep_top_p(scores, top_p, kept)
    return torch.log_softmax(scores, dim=-1)


def choose(
    log_probabilities: Tensor, samplings: Sequence[Sampling], draws: Sequence[float]
) -> tuple[list[int], list[float]]:
    """Return each row's token and its log-probability.

    A token is found by inverting the row's cumulative distribution in float64, so it depends on
    the row's own draw alone and not on what else is in the batch.

    Args:
        log_probabilities: as ``log_distribution`` gives them.
        samplings: how each row is sampled; temperature 0 takes the most likely token.
        draws: for each row a number from 0 (included) to 1 (excluded).

    Raises:
        ModelError: a row has no probabilities, because its scores are not finite.
    """
    cumulative = log_probabilities.double().exp().cumsum(dim=-1)
    total = cumulative[:, -1:]
    target = torch.tensor(draws, dtype=torch.float64, device=total.device).unsqueeze(1) * total
    target = torch.minimum(target, torch.nextafter(total, torch.zeros_like(total)))
    tokens = torch.searchsorted(cumulative, target, right=True)
    tokens = tokens.clamp(max=cumulative.shape[1] - 1)  # NaN is found behind the last token
    greedy = torch.tensor([[_greedy(s)] for s in samplings], device=total.device)
    tokens = torch.where(greedy, log_probabilities.argmax(dim=-1, keepdim=True), tokens)
    chosen = log_probabilities.gather(1, tokens)
    logprobs = chosen.squeeze(1).tolist()
    if not all(map(math.isfinite, logprobs)):
        raise ModelError(
            "the model's scores of the next token are not finite; its weights are broken, or too "
            "large for this dtype (try bfloat16 or float32)"
        )
    return tokens.squeeze(1).tolist(), logprobs


def _greedy(sampling: Sampling) -> bool:
    return sampling.temperature == 0


def _only_allowed(scores: Tensor, allowed: Sequence[Allowed]) -> Tensor:
    pairs = [(row, token) for row, ids in enumerate(allowed) for token in ids or ()]
    if not pairs:
        return scores
    keep = scores.new_tensor([[ids is None] for ids in allowed], dtype=torch.bool)
    keep = keep.repeat(1, scores.shape[1])
    rows, tokens = torch.tensor(pairs, device=scores.device).unbind(1)
    keep[rows, tokens] = True
    return scores.masked_fill(~keep, -torch.inf)


def _keep_top_k(scores: Tensor, top_k: Sequence[int], kept: Tensor | None) -> Tensor:
    vocabulary = scores.shape[1]
    top_k = [min(k, vocabulary) for k in top_k]
    most = max((k for k in top_k if k < vocabulary), default=1)
    best = scores.topk(most, dim=-1).values
    last = torch.tensor([min(k, most) - 1 for k in top_k], device=scores.device).unsqueeze(1)
    bound = best.gather(1, last)
    unlimited = torch.tensor([[k == vocabulary] for k in top_k], device=scores.device)
    return _without(scores, (scores < bound) & ~unlimited, kept)


def _keep_top_p(scores: Tensor, top_p: Sequence[float], kept: Tensor | None) -> Tensor:
    ordered, ids = scores.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities
    wanted = scores.new_tensor(top_p).unsqueeze(1)
    surplus = (before >= wanted) & (wanted < 1)
    surplus[:, 0] = False
    return _without(scores, surplus.gather(1, ids.argsort(dim=-1)), kept)


def _without(scores: Tensor, dropped: Tensor, kept: Tensor | None) -> Tensor:
    if kept is not None:
        dropped = dropped.scatter(1, kept.unsqueeze(1), False)
    return scores.masked_fill(dropped, -torch.inf)

"""The policy loss: from log-probabilities and advantages to what is minimised.

Everything is a flat vector over sampled tokens. An update may go through the model in several
passes, and on several ranks: each pass gives its part of one sum, because means are over the whole
update (``Totals``).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from agentrl.suite.algorithm import LossSpec


@dataclass(frozen=True, slots=True)
class LossInputs:
    """What is known of the sampled tokens of some whole episodes; ``[tokens]`` where not said."""

    logprobs: Tensor
    """Of the policy in training, with gradient."""
    old_logprobs: Tensor
    """What ratios compare with."""
    sampler_logprobs: Tensor
    """As recorded."""
    advantages: Tensor
    entropies: Tensor
    """Of each token's distribution; with gradient where they are rewarded."""
    episodes: Tensor
    """Number of the token's episode within the pass, from 0."""
    lengths: Tensor
    """Sampled tokens of each episode of the pass, ``[episodes]``."""
    reference_logprobs: Tensor | None = None
    """Of the policy before RL."""
    weights: Tensor | None = None
    """How much each token counts; None: all the same."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole update that a pass is a part of."""

    tokens: int
    """Its sampled tokens."""
    episodes: int


@dataclass(frozen=True, slots=True)
class LossResult:
    """One pass's part of the loss, and what was seen of it."""

    loss: Tensor
    """Scalar; the parts of an update add up to its loss."""
    sums: dict[str, tuple[float, float]]
    """Of each metric the weighted sum and the weight, to add over passes and ranks."""
    maxima: dict[str, float]
    """Metrics of which the largest is kept."""


def policy_loss(spec: LossSpec, inputs: LossInputs, totals: Totals) -> LossResult:
    """Return the loss of one pass.

    A token without an alternative has log-probability 0 whatever the weights, so its gradient is
    exactly zero; it still counts in means.
    """
    surrogate = _surrogate(spec, inputs)
    if spec.importance_cap is not None:
        surrogate = surrogate * _importance(inputs, spec.importance_cap)
    if inputs.weights is not None:
        surrogate = surrogate * inputs.weights
    cost = -surrogate
    if spec.entropy:
        cost = cost - spec.entropy * inputs.entropies
    if spec.kl == "loss" and inputs.reference_logprobs is not None:
        distance = kl_estimate(spec.kl_estimator, inputs.logprobs, inputs.reference_logprobs)
        cost = cost + spec.kl_coefficient * distance
    loss = _aggregate(spec, cost, inputs, totals)
    sums, maxima = _seen(spec, inputs)
    # A part of the loss is weighed so that the mean over passes is the update's loss.
    share = len(inputs.logprobs) / max(totals.tokens, 1)
    sums["policy/loss"] = (float(loss.detach()), share)
    return LossResult(loss, sums, maxima)


def kl_estimate(
    estimator: Literal["k1", "k2", "k3"], logprobs: Tensor, reference_logprobs: Tensor
) -> Tensor:
    """Return an estimate of KL(policy, reference) for each token that the policy sampled.

    ``k1`` is the log ratio: unbiased, negative at times. ``k2`` is half its square: always
    positive, biased. ``k3`` is ratio - 1 - log ratio: unbiased and never negative (J. Schulman,
    "Approximating KL divergence", 2020).

    >>> same = torch.tensor([-1.0])
    >>> float(kl_estimate("k3", same, same))
    0.0
    """
    log_ratio = logprobs - reference_logprobs
    if estimator == "k1":
        return log_ratio
    if estimator == "k2":
        return 0.5 * log_ratio**2
    return torch.exp(-log_ratio) - 1 + log_ratio


def imitation_loss(logprobs: Tensor, total_tokens: int) -> Tensor:
    """Return a pass's part of the mean negative log-likelihood of expert tokens.

    Args:
        logprobs: of the tokens in this pass, ``[tokens]``.
        total_tokens: how many tokens the whole update has.
    """
    return -logprobs.sum() / total_tokens


def _surrogate(spec: LossSpec, inputs: LossInputs) -> Tensor:
    """Return what each token adds to the objective, before weights and means."""
    advantages = inputs.advantages * torch.where(
        inputs.advantages > 0, spec.positive_weight, spec.negative_weight
    )
    if spec.ratio == "none":
        return inputs.logprobs * advantages
    if spec.ratio == "taper":
        return inputs.logprobs * advantages * _taper(inputs)
    ratio = _ratio(spec, inputs)
    clipped = ratio.clamp(*_bounds(spec))
    objective = torch.minimum(ratio * advantages, clipped * advantages)
    if spec.dual_clip is not None:
        floor = torch.where(advantages < 0, spec.dual_clip * advantages, -torch.inf)
        objective = torch.maximum(objective, floor)
    return objective


def _ratio(spec: LossSpec, inputs: LossInputs) -> Tensor:
    log_ratio = inputs.logprobs - inputs.old_logprobs
    if spec.ratio == "sequence":
        mean = _episode_sums(log_ratio.detach(), inputs) / inputs.lengths.clamp(min=1)
        # The value is the episode's geometric mean; each token's gradient goes through itself.
        log_ratio = mean[inputs.episodes] + inputs.logprobs - inputs.logprobs.detach()
    return torch.exp(log_ratio)


def _taper(inputs: LossInputs) -> Tensor:
    """Return 1 for positive advantages, else the whole episode's ratio cut to [0, 1]."""
    sums = _episode_sums((inputs.logprobs - inputs.old_logprobs).detach(), inputs)
    ratio = torch.exp(sums.clamp(max=0.0))[inputs.episodes]
    return torch.where(inputs.advantages > 0, torch.ones_like(ratio), ratio)


def _importance(inputs: LossInputs, cap: float) -> Tensor:
    """Return the trainer's probability over the sampler's, cut at ``cap``."""
    return torch.exp(inputs.old_logprobs - inputs.sampler_logprobs).clamp(max=cap)


def _aggregate(spec: LossSpec, cost: Tensor, inputs: LossInputs, totals: Totals) -> Tensor:
    if spec.aggregate == "token_mean":
        return cost.sum() / max(totals.tokens, 1)
    episodes = max(totals.episodes, 1)
    if spec.aggregate == "constant":
        return cost.sum() / (episodes * spec.constant)
    return (cost / inputs.lengths[inputs.episodes]).sum() / episodes


def _bounds(spec: LossSpec) -> tuple[float, float]:
    low = 0.0 if spec.clip_low is None else 1 - spec.clip_low
    high = torch.inf if spec.clip_high is None else 1 + spec.clip_high
    return low, high


def _episode_sums(values: Tensor, inputs: LossInputs) -> Tensor:
    return values.new_zeros(len(inputs.lengths)).index_add(0, inputs.episodes, values)


@torch.no_grad()
def _seen(
    spec: LossSpec, inputs: LossInputs
) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    count = len(inputs.logprobs)
    ratio = _ratio(spec, inputs)
    means = {
        "policy/kl": kl_estimate("k3", inputs.old_logprobs, inputs.logprobs),
        "policy/ratio_mean": ratio,
        "policy/entropy": inputs.entropies,
    }
    if spec.ratio in ("token", "sequence"):
        low, high = _bounds(spec)
        below = (ratio < low) & (inputs.advantages < 0)
        above = (ratio > high) & (inputs.advantages > 0)
        means["policy/clip_low_share"] = below.float()
        means["policy/clip_high_share"] = above.float()
        means["policy/clip_share"] = (below | above).float()
    if spec.importance_cap is not None:
        means["policy/importance_mean"] = _importance(inputs, spec.importance_cap)
    if spec.kl == "loss" and inputs.reference_logprobs is not None:
        means["policy/reference_kl"] = kl_estimate(
            spec.kl_estimator, inputs.logprobs, inputs.reference_logprobs
        )
    sums = {name: (float(values.sum()), float(count)) for name, values in means.items()}
    largest = float(ratio.max()) if count else 0.0
    return sums, {"policy/ratio_max": largest}

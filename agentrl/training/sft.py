"""Supervised training: make what an episode said likelier, on the agent's own tokens alone."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from agentrl.suite.train import OptimiserSpec, SftSpec, TrainSpec
from agentrl.training.loss import imitation_loss
from agentrl.training.metrics import Metrics
from agentrl.training.optimiser import Optimiser
from agentrl.training.packing import pack
from agentrl.training.policy import Policy
from agentrl.training.sample import Batch
from agentrl.training.table import token_table


@dataclass(frozen=True, slots=True)
class SftUpdate:
    """One update of supervised training."""

    number: int
    """From 1."""
    of: int
    metrics: Metrics


def sft_updates(
    policy: Policy, batch: Batch, spec: SftSpec, train: TrainSpec
) -> Iterator[SftUpdate]:
    """Train the policy on every episode of a batch, ``spec.epochs`` times; yield after each update.

    Args:
        policy: what learns.
        batch: what it is to say.
        spec: the ``train.sft`` section.
        train: the ``train`` section it stands in, for the optimiser and the size of a pass.

    Raises:
        DivergedError: a gradient is not finite; the weights are the last good ones.
    """
    table = token_table(batch)
    optimiser = Optimiser([(list(policy.parameters()), spec.lr)], _optimiser(spec, train))
    count = len(table.episode_ids)
    updates = spec.epochs * math.ceil(count / spec.batch)
    section = _optimiser(spec, train).model_copy(
        update={"warmup_steps": round(spec.warmup * updates)}
    )
    number = 0
    for epoch in range(spec.epochs):
        order = list(range(count))
        random.Random(f"{train.seed} sft {epoch}").shuffle(order)
        for start in range(0, count, spec.batch):
            number += 1
            metrics = Metrics()
            episodes = sorted(order[start : start + spec.batch])
            tokens = int(table.lengths[episodes].sum())
            for one in pack(table, episodes, train.tokens_per_pass, together=policy.packs):
                logprobs = policy.outputs(table, one).logprobs
                imitation_loss(logprobs, tokens).backward()  # type: ignore[no-untyped-call]
                metrics.add("sft/loss", float(-logprobs.detach().mean()), len(logprobs))
                likely = (logprobs.detach() > math.log(0.5)).float()
                metrics.add("sft/accuracy", float(likely.mean()), len(logprobs))
            metrics.add("policy/grad_norm", optimiser.step(section, number, updates))
            metrics.add("policy/lr", optimiser.lr)
            metrics.add("tokens/trained", tokens)
            yield SftUpdate(number, updates, metrics)


def _optimiser(spec: SftSpec, train: TrainSpec) -> OptimiserSpec:
    return train.optimiser.model_copy(
        update={"lr": spec.lr, "schedule": "cosine", "warmup_steps": 0}
    )

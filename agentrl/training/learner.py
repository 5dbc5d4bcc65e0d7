"""One step of learning: from a batch of episodes to new weights."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from agentrl.errors import DivergedError, UsageError
from agentrl.suite.train import TrainSpec
from agentrl.training.credit import Credit, credit
from agentrl.training.critic import CopiedCritic, SharedCritic, explained_variance, value_loss
from agentrl.training.lesson import Lesson
from agentrl.training.loss import LossInputs, Totals, imitation_loss, kl_estimate, policy_loss
from agentrl.training.metrics import Metrics
from agentrl.training.optimiser import Optimiser
from agentrl.training.packing import Pass, pack
from agentrl.training.policy import Policy, TokenOutputs
from agentrl.training.ranks import Ranks
from agentrl.training.sample import Batch
from agentrl.training.table import TokenTable, token_table
from agentrl.training.trainable import Trainable
from agentrl.training.weights import duration_weights

_ALONE = Ranks()


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a table's tokens before the first update; tensors are ``[tokens]``."""

    table: TokenTable
    old: Tensor
    credit: Credit
    weights: Tensor | None
    reference: Tensor | None
    values: Tensor | None


class Learner:
    """Holds the policy, its critic and their optimisers, and updates them batch by batch."""

    def __init__(
        self,
        policy: Trainable,
        spec: TrainSpec,
        reference: Trainable | None = None,
        ranks: Ranks = _ALONE,
    ) -> None:
        """Put a learner together.

        Args:
            policy: what learns; its weights are spread over the ranks.
            spec: the ``train`` section at the first step.
            reference: the policy before RL, where ``loss.kl`` is not ``none``.
            ranks: the processes that learn together; each has a learner and is given the same
                lessons.
        """
        self.policy = policy
        self._ranks = ranks
        ranks.shard(policy.model)
        self._reference = reference
        self._moved = False
        self._shared: SharedCritic | None = None
        self._copied: CopiedCritic | None = None
        parameters = list(policy.parameters())
        groups = [(parameters, spec.optimiser.lr)]
        if spec.advantage.baseline == "value" and spec.critic.trunk == "shared":
            self._shared = SharedCritic(_language_model(policy))
            groups.append((list(self._shared.parameters()), spec.critic.lr))
        if ranks.count > 1 and spec.advantage.baseline == "value":
            raise UsageError(
                "a critic (train.advantage.baseline: value) learns on one rank only; start without "
                "torchrun, or take an algorithm that compares episodes, such as grpo or rloo"
            )
        self._optimiser = Optimiser(groups, spec.optimiser)
        self._critic_optimiser: Optimiser | None = None
        if spec.advantage.baseline == "value" and spec.critic.trunk == "copy":
            self._copied = CopiedCritic(_language_model(policy))
            trained = [(list(self._copied.trained()), spec.critic.lr)]
            self._critic_optimiser = Optimiser(trained, spec.optimiser)

    def learn(self, lesson: Lesson, spec: TrainSpec, step: int, metrics: Metrics) -> None:
        """Update the weights once for each minibatch of each epoch.

        Args:
            lesson: at least one trajectory.
            spec: the ``train`` section as it is at this step.
            step: number of the step, from 1; it decides the order of the episodes.
            metrics: gets what is to be seen of it.

        Raises:
            DivergedError: the loss or its gradient is not finite; the weights are the last good
                ones.
        """
        own = Metrics()
        known = self._survey(lesson, spec, metrics)
        self._moved = False
        try:
            self._update_all(known, lesson.demonstrations, spec, step, metrics, own)
        except DivergedError:
            self._optimiser.clear()
            if self._critic_optimiser is not None:
                self._critic_optimiser.clear()
            raise
        for other in self._ranks.merged(own):
            metrics.merge(other)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold beside the policy's weights."""
        critic = self._shared or self._copied
        return {
            "adapters": self.policy.adapters(),
            "optimiser": self._optimiser.state(),
            "critic": None if critic is None else critic.state_dict(),
            "critic_optimiser": self._critic_optimiser and self._critic_optimiser.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.policy.take_adapters(state["adapters"])
        self._optimiser.restore(state["optimiser"])
        critic = self._shared or self._copied
        if critic is not None:
            critic.load_state_dict(state["critic"])
        if self._critic_optimiser is not None:
            self._critic_optimiser.restore(state["critic_optimiser"])

    def _survey(self, lesson: Lesson, spec: TrainSpec, metrics: Metrics) -> _Known:
        """Compute what must not change while the weights do."""
        table = token_table(lesson.batch)
        passes = self._passes(table, range(len(table.episode_ids)), spec)
        trainer = reference = values = None
        if spec.loss.old_logprobs == "trainer":
            trainer = self._all(table, passes, lambda one: self.policy.outputs(table, one).logprobs)
        if self._reference is not None and spec.loss.kl != "none":
            model = self._reference
            reference = self._all(table, passes, lambda one: model.outputs(table, one).logprobs)
        if spec.advantage.baseline == "value":
            values = self._all(table, passes, lambda one: self._values(table, one))
        old = table.sampler_logprobs if trainer is None else trainer
        penalty = None
        if reference is not None and spec.loss.kl == "reward":
            estimate = kl_estimate(spec.loss.kl_estimator, old, reference)
            penalty = spec.loss.kl_coefficient * estimate
            metrics.add("policy/reference_kl", float(estimate.mean()), table.size)
        earned = credit(
            spec.advantage,
            spec.loss,
            lesson.drawn,
            table,
            values=values,
            penalty=penalty,
            greedy=lesson.greedy,
            consistency=spec.sampler.equal_rewards == "global",
        )
        weights = None
        if spec.loss.turn_weight == "duration":
            weights = table.spread(duration_weights(lesson.batch.trajectories))
        _note(metrics, table, earned, values)
        kept = reference if spec.loss.kl == "loss" else None
        return _Known(table, old, earned, weights, kept, values)

    def _update_all(
        self,
        known: _Known,
        demonstrations: Batch | None,
        spec: TrainSpec,
        step: int,
        metrics: Metrics,
        own: Metrics,
    ) -> None:
        order = random.Random(f"{spec.seed} {step}")
        for episodes in _minibatches(known.table, spec, spec.epochs, order):
            if step > spec.critic.warmup_steps or self._critic_optimiser is None:
                self._update(known, episodes, demonstrations, spec, step, metrics, own)
        if self._copied is not None:
            for episodes in _minibatches(known.table, spec, spec.critic.epochs, order):
                self._update_critic(known, episodes, spec, step, metrics)

    @torch.no_grad()
    def _all(
        self, table: TokenTable, passes: Sequence[Pass], of: Callable[[Pass], Tensor]
    ) -> Tensor:
        """Return a number for every token of the table, without gradients."""
        values = torch.zeros(table.size)
        for one, counts in self._ranks.share(passes):
            found = of(one).float().cpu()
            if counts:
                values[one.index] = found
        return self._ranks.summed(values)

    def _values(self, table: TokenTable, one: Pass) -> Tensor:
        if self._copied is not None:
            return self._copied(one)  # type: ignore[no-any-return]
        assert self._shared is not None
        return self._shared(self.policy.outputs(table, one))  # type: ignore[no-any-return]

    def _passes(self, table: TokenTable, episodes: Sequence[int], spec: TrainSpec) -> list[Pass]:
        return pack(table, episodes, spec.tokens_per_pass, together=self.policy.packs)

    def _update(
        self,
        known: _Known,
        episodes: Sequence[int],
        demonstrations: Batch | None,
        spec: TrainSpec,
        step: int,
        metrics: Metrics,
        own: Metrics,
    ) -> None:
        totals = Totals(int(known.table.lengths[list(episodes)].sum()), len(episodes))
        for one, counts in self._ranks.share(self._passes(known.table, episodes, spec)):
            outputs = self.policy.outputs(known.table, one)
            seen = own if counts else Metrics()
            loss = self._loss(known, one, outputs, totals, spec, seen)
            _check_finite(loss, known.table, one)
            self._backward(loss, counts)
        if demonstrations is not None and spec.loss.imitation.coefficient:
            self._imitate(demonstrations, spec, own)
        norm = self._optimiser.step(spec.optimiser, step, spec.steps)
        self._moved = True
        metrics.add("policy/grad_norm", norm)
        metrics.add("policy/lr", self._optimiser.lr)

    def _loss(
        self,
        known: _Known,
        one: Pass,
        outputs: TokenOutputs,
        totals: Totals,
        spec: TrainSpec,
        metrics: Metrics,
    ) -> Tensor:
        def here(values: Tensor) -> Tensor:
            return values[one.index].to(outputs.logprobs.device)

        table = known.table
        episodes, number = torch.unique(table.episode[one.index], return_inverse=True)
        inputs = LossInputs(
            logprobs=outputs.logprobs,
            old_logprobs=here(known.old),
            sampler_logprobs=here(table.sampler_logprobs),
            advantages=here(known.credit.advantages),
            entropies=outputs.entropies,
            episodes=number.to(outputs.logprobs.device),
            lengths=table.lengths[episodes].to(outputs.logprobs.device),
            reference_logprobs=None if known.reference is None else here(known.reference),
            weights=None if known.weights is None else here(known.weights),
        )
        if not self._moved:  # later the weights are no longer those that sampled
            gap = (outputs.logprobs.detach() - inputs.sampler_logprobs).abs()
            metrics.add("policy/logprob_gap_mean", float(gap.mean()), len(gap))
            metrics.add("policy/logprob_gap_max", float(gap.max()))
        result = policy_loss(spec.loss, inputs, totals)
        metrics.add_sums(result.sums)
        metrics.add_maxima(result.maxima)
        if self._shared is None:
            return result.loss
        assert known.values is not None
        assert known.credit.returns is not None
        values = self._shared(outputs)
        error = value_loss(values, here(known.values), here(known.credit.returns), spec.critic.clip)
        metrics.add("critic/loss", float(error.detach().mean()), len(error))
        return result.loss + spec.critic.coefficient * error.sum() / totals.tokens

    def _imitate(self, demonstrations: Batch, spec: TrainSpec, metrics: Metrics) -> None:
        table = token_table(demonstrations)
        passes = self._passes(table, range(len(table.episode_ids)), spec)
        for one, counts in self._ranks.share(passes):
            logprobs = self.policy.outputs(table, one).logprobs
            loss = imitation_loss(logprobs, table.size)
            if counts:
                nll = float(-logprobs.detach().mean())
                metrics.add("policy/imitation_loss", nll, len(logprobs))
            self._backward(spec.loss.imitation.coefficient * loss, counts)

    def _backward(self, loss: Tensor, counts: bool) -> None:
        """Add a pass's gradient; FSDP takes the mean over ranks, and the update's loss is a sum."""
        factor = float(self._ranks.count) if counts else 0.0
        (loss * factor).backward()  # type: ignore[no-untyped-call]

    def _update_critic(
        self, known: _Known, episodes: Sequence[int], spec: TrainSpec, step: int, metrics: Metrics
    ) -> None:
        assert self._copied is not None
        assert self._critic_optimiser is not None
        assert known.values is not None
        assert known.credit.returns is not None
        tokens = int(known.table.lengths[list(episodes)].sum())
        for one in self._passes(known.table, episodes, spec):
            values = self._copied(one)
            old, returns = known.values[one.index], known.credit.returns[one.index]
            error = value_loss(
                values, old.to(values.device), returns.to(values.device), spec.critic.clip
            )
            loss = error.sum() / tokens
            _check_finite(loss, known.table, one)
            loss.backward()  # type: ignore[no-untyped-call]
            metrics.add("critic/loss", float(error.detach().mean()), len(error))
        norm = self._critic_optimiser.step(spec.optimiser, step, spec.steps)
        metrics.add("critic/grad_norm", norm)


def _language_model(policy: Trainable) -> Policy:
    assert isinstance(policy, Policy), "a suite with another policy and a critic is refused"
    return policy


def _minibatches(
    table: TokenTable, spec: TrainSpec, epochs: int, order: random.Random
) -> Iterator[Sequence[int]]:
    """Yield the episodes of each update; each epoch has another order."""
    count = len(table.episode_ids)
    for _ in range(epochs):
        shuffled = list(range(count))
        order.shuffle(shuffled)
        parts = min(spec.minibatches, count)
        for part in range(parts):
            yield sorted(shuffled[part::parts])


def _check_finite(loss: Tensor, table: TokenTable, one: Pass) -> None:
    if math.isfinite(float(loss.detach())):
        return
    episodes = sorted({table.episode_ids[n] for n in table.episode[one.index].tolist()})
    shown = ", ".join(episodes[:4]) + (", ..." if len(episodes) > 4 else "")
    raise DivergedError(
        f"the loss of {len(episodes)} episodes ({shown}) is {float(loss.detach())}; the weights "
        f"were not changed by it. Lower train.optimiser.lr or train.optimiser.max_grad_norm, set a "
        f"clip in train.loss, or scale down reward.terms, and continue from the last checkpoint"
    )


def _note(metrics: Metrics, table: TokenTable, earned: Credit, values: Tensor | None) -> None:
    advantages = earned.advantages
    metrics.add("advantage/mean", float(advantages.mean()), table.size)
    metrics.add("advantage/std", float(advantages.std(unbiased=False)))
    metrics.add("advantage/max", float(advantages.max()))
    metrics.add("advantage/min", float(advantages.min()))
    metrics.add("tokens/trained", table.size)
    if values is not None and earned.returns is not None:
        metrics.add("critic/value_mean", float(values.mean()), table.size)
        metrics.add("critic/explained_variance", explained_variance(values, earned.returns))

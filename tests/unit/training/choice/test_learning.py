"""A choice policy as the trainer sees it."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from agentrl.agents.choice.layout import Layout, Matrix
from agentrl.agents.choice.policy import ChoicePolicy, load_policy, scratch_policy
from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.suite.train import TrainSpec
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.learner import Learner
from agentrl.training.lesson import Lesson
from agentrl.training.metrics import Metrics
from agentrl.training.packing import pack
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import token_table

LAYOUT = Layout(("one", "two"))
SEED = 5


def drawn(width: int = 3) -> ChoicePolicy:
    policy = scratch_policy(LAYOUT, width)
    return policy.with_flat(np.random.default_rng(0).normal(size=policy.flat.shape), 0)


def actions(count: int, seed: int) -> Matrix:
    chance = np.random.default_rng([SEED, seed])
    return chance.normal(size=(count, LAYOUT.columns)).astype(np.float32)


def played(
    policy: LearningPolicy, name: str, taken: Sequence[tuple[int, int]], temperature: float = 1.0
) -> Sample:
    """Note an episode of decisions, each among so many actions, and return its tokens."""
    ids, logprobs = [], []
    for turn, (count, number) in enumerate(taken):
        rows = actions(count, len(policy.decisions))
        policy.decisions.note(name, turn, rows)
        ids += [count, number]
        likely = policy.acting().logprobs(rows, temperature or 1.0)[number]
        logprobs += [0.0, float(likely) if temperature else 0.0]
    tokens = TokenSequence(
        token_ids=tuple(ids),
        sampled=(False, True) * len(taken),
        logprobs=tuple(logprobs),
        allowed=tuple(x for count, _ in taken for x in (None, tuple(range(count)))),
        turns=tuple(turn for turn in range(len(taken)) for _ in range(2)),
    )
    return Sample(name, tokens, Sampling(temperature=temperature, max_tokens=1))


def batch_of(samples: Sequence[Sample], rewards: Sequence[float]) -> Batch:
    trajectories = [
        Trajectory(sample.episode_id, "g", (0.0,) * (len(sample.tokens.token_ids) // 2 - 1) + (r,))
        for sample, r in zip(samples, rewards, strict=True)
    ]
    return Batch(tuple(trajectories), tuple(samples))


def test_torch_finds_choices_as_likely_as_numpy_recorded_them() -> None:
    policy = LearningPolicy(drawn())
    samples = [
        played(policy, "a", [(4, 1), (2, 0), (1, 0)]),
        played(policy, "b", [(3, 2)], temperature=0.5),
    ]
    table = token_table(batch_of(samples, [1.0, 0.0]))

    (one,) = pack(table, [0, 1], 100, together=policy.packs)
    outputs = policy.outputs(table, one)

    expected = table.sampler_logprobs[one.index].tolist()
    assert outputs.logprobs.tolist() == pytest.approx(expected, abs=1e-6)
    assert (outputs.entropies >= 0).all()
    assert outputs.entropies[table.turn[one.index] == 2].tolist() == pytest.approx([0.0], abs=1e-6)


def test_of_a_policy_from_nothing_the_entropy_is_that_of_a_fair_die() -> None:
    policy = LearningPolicy(scratch_policy(LAYOUT, 4))
    table = token_table(batch_of([played(policy, "a", [(6, 3)])], [1.0]))
    (one,) = pack(table, [0], 100)

    assert policy.outputs(table, one).entropies.tolist() == pytest.approx([math.log(6)])


def test_choices_without_chance_teach_nothing() -> None:
    policy = LearningPolicy(drawn())
    table = token_table(batch_of([played(policy, "a", [(4, 1)], temperature=0.0)], [1.0]))
    (one,) = pack(table, [0], 100)
    outputs = policy.outputs(table, one)

    (outputs.logprobs.sum() + outputs.entropies.sum()).backward()  # type: ignore[no-untyped-call]

    assert outputs.logprobs.tolist() == outputs.entropies.tolist() == [0.0]
    assert all(not parameter.grad.any() for parameter in policy.parameters())  # type: ignore[union-attr]


def test_the_gradient_is_what_reinforce_says_by_hand() -> None:
    """Of -A log p the gradient of the scores' weights is -A (h_taken - sum_i p_i h_i)."""
    start, advantages = drawn(), (0.5, -0.5)  # rewards 1 and 0 less their mean
    policy = LearningPolicy(start)
    taken = ((3, 2), (4, 0))
    samples = [played(policy, name, [one]) for name, one in zip("ab", taken, strict=True)]
    by_hand = np.zeros(3)
    for sample, (_, number), advantage in zip(samples, taken, advantages, strict=True):
        rows = policy.decisions.rows(sample.episode_id, 0)
        hidden = np.tanh(rows @ start.hidden + start.bias)
        likely = np.exp(start.logprobs(rows))
        by_hand += -advantage * (hidden[number] - likely @ hidden) / 2  # mean over two decisions
    spec = TrainSpec.model_validate(
        {
            "algorithm": "reinforce",
            "advantage": {"baseline": "group_mean"},
            "group_size": 2,
            "optimiser": {"lr": 1e-3, "max_grad_norm": 1e6},
        }
    )
    gradients: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    policy.model.score.register_hook(  # type: ignore[no-untyped-call]
        lambda gradient: gradients.append(gradient.numpy().copy())
    )
    batch = batch_of(samples, [1.0, 0.0])

    Learner(policy, spec).learn(Lesson(batch, batch.trajectories), spec, 1, Metrics())

    assert gradients[0].tolist() == pytest.approx(by_hand.tolist(), rel=1e-4)
    moved = policy.acting().score - start.score
    assert np.sign(moved).tolist() == np.sign(-by_hand).tolist()  # Adam's first step is all sign


def test_what_it_learnt_is_saved_as_a_policy_that_plays(tmp_path: Path) -> None:
    policy = LearningPolicy(drawn())
    policy.save(tmp_path)

    standing = policy.standing(tmp_path)

    assert load_policy(tmp_path).flat.tolist() == drawn().flat.tolist()
    assert standing.decisions is policy.decisions
    assert torch.equal(standing.model.hidden, policy.model.hidden)

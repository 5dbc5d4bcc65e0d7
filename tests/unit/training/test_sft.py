"""Supervised training, with a real model of transformers."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.errors import DivergedError
from agentrl.suite.train import SftSpec, TrainSpec
from agentrl.training.metrics import described
from agentrl.training.policy import Policy
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.sft import SftUpdate, sft_updates

VOCABULARY = 64
SAID = {"a": ((1, 2), (10, 11, 12)), "b": ((1, 3), (20, 21)), "c": ((1, 4, 5), (30,))}
"""Prompt and answer of each episode."""


def tiny_policy(seed: int = 0) -> Policy:
    import transformers

    untyped: Any = transformers
    config = untyped.Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Policy(untyped.Qwen2ForCausalLM(config))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Keep tiny matrices on one thread: with more, busy cores wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def policy() -> Policy:
    return tiny_policy()


def sample(
    name: str,
    prompt: Sequence[int],
    answer: Sequence[int],
    allowed: Sequence[tuple[int, ...] | None] | None = None,
) -> Sample:
    before, after = len(prompt), len(answer)
    tokens = TokenSequence(
        token_ids=(*prompt, *answer),
        sampled=(False,) * before + (True,) * after,
        logprobs=(0.0,) * (before + after),
        allowed=(None,) * before + tuple(allowed or (None,) * after),
        turns=(0,) * (before + after),
    )
    return Sample(name, tokens, Sampling())


def batch_of(*samples: Sample) -> Batch:
    names = dict.fromkeys(sample.episode_id for sample in samples)
    return Batch(tuple(Trajectory(name, name, (1.0,)) for name in names), samples)


EPISODES = batch_of(*(sample(name, *said) for name, said in SAID.items()))


def train(
    policy: Policy, episodes: Batch = EPISODES, section: dict[str, Any] | None = None, **sft: Any
) -> list[SftUpdate]:
    """Train for one epoch, or as ``sft`` says; ``section`` is the rest of ``train``."""
    given = SftSpec.model_validate({"epochs": 1, "lr": 1e-2, "warmup": 0.0, **sft})
    return list(sft_updates(policy, episodes, given, TrainSpec.model_validate(section or {})))


def seen(updates: Sequence[SftUpdate], name: str) -> list[float]:
    return [update.metrics.result()[name] for update in updates]


def weights(policy: Policy) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in policy.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, right[name]) for name, value in left.items())


def test_the_loss_falls_on_a_batch_that_stays(policy: Policy) -> None:
    losses = seen(train(policy, epochs=50), "sft/loss")
    assert losses[0] == pytest.approx(math.log(VOCABULARY), abs=0.5)
    assert losses[-1] < 0.1
    assert losses == sorted(losses, reverse=True)


def test_what_was_learnt_is_what_the_policy_says(policy: Policy) -> None:
    updates = train(policy, epochs=50)
    assert seen(updates, "sft/accuracy")[0] == 0.0
    assert seen(updates, "sft/accuracy")[-1] == 1.0
    for prompt, answer in SAID.values():
        assert min(policy.logprobs(prompt, answer)) > math.log(0.8)


def test_the_loss_is_the_mean_over_the_answers_tokens(policy: Policy) -> None:
    expected = [value for said in SAID.values() for value in policy.logprobs(*said)]
    (update,) = train(policy)
    shown = update.metrics.result()
    assert shown["sft/loss"] == pytest.approx(-sum(expected) / 6, abs=1e-5)
    assert shown["tokens/trained"] == 6.0


def test_prompt_tokens_are_not_learnt(policy: Policy) -> None:
    """The prompt of the first episode could be learnt as well as its answer, and is not."""
    one = batch_of(sample("a", (1, 2, 3, 4), (10, 11)))
    before = policy.logprobs((1,), (2, 3, 4))
    train(policy, one, epochs=30)
    assert sum(policy.logprobs((1, 2, 3, 4), (10, 11))) > -0.2
    assert sum(policy.logprobs((1,), (2, 3, 4))) < sum(before)


def test_the_last_layer_learns_from_the_states_before_sampled_tokens_alone(policy: Policy) -> None:
    head = policy.model.get_output_embeddings().weight
    caught: list[Tensor] = []
    head.register_post_accumulate_grad_hook(lambda p: caught.append(p.grad.clone()))
    train(policy, batch_of(sample("a", (1, 2, 3, 4), (10,))))
    (gradient,) = caught
    assert torch.linalg.matrix_rank(gradient, rtol=1e-4) == 1


def test_of_a_choice_only_the_possible_tokens_compete(policy: Policy) -> None:
    """A token without alternative teaches nothing."""
    forced = batch_of(sample("a", (1, 2), (10, 11), [(10, 20), (11,)]))
    updates = train(policy, forced, epochs=20)
    assert seen(updates, "sft/loss")[0] == pytest.approx(math.log(2) / 2, abs=0.2)
    right, wrong = (policy.logprobs((1, 2), (token,))[0] for token in (10, 20))
    assert right - wrong > 2


def test_without_any_choice_nothing_is_learnt(policy: Policy) -> None:
    before = weights(policy)
    (update,) = train(policy, batch_of(sample("a", (1, 2), (10,), [(10,)])))
    assert update.metrics.result()["sft/loss"] == 0.0
    assert same(weights(policy), before)


@pytest.mark.parametrize(
    ("epochs", "batch", "updates"), [(1, 16, 1), (3, 3, 3), (2, 2, 4), (3, 1, 9)]
)
def test_each_epoch_takes_as_many_updates_as_its_episodes_need(
    policy: Policy, epochs: int, batch: int, updates: int
) -> None:
    done = train(policy, epochs=epochs, batch=batch)
    assert [update.number for update in done] == list(range(1, updates + 1))
    assert {update.of for update in done} == {updates}


def test_each_epoch_learns_from_every_episode_once(policy: Policy) -> None:
    tokens = seen(train(policy, epochs=4, batch=1), "tokens/trained")
    epochs = [tokens[start : start + 3] for start in range(0, 12, 3)]
    assert [sorted(epoch) for epoch in epochs] == [[1, 2, 3]] * 4
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_an_update_is_done_when_it_is_told_of_and_no_earlier(policy: Policy) -> None:
    before = weights(policy)
    section, whole = SftSpec(epochs=2), TrainSpec()
    updates = sft_updates(policy, EPISODES, section, whole)
    assert same(weights(policy), before)
    assert next(updates).number == 1
    after = weights(policy)
    assert not same(after, before)
    updates.close()  # type: ignore[attr-defined]
    assert same(weights(policy), after)


def test_the_rate_rises_over_its_share_of_the_updates_and_falls_as_a_cosine(
    policy: Policy,
) -> None:
    rates = seen(train(policy, epochs=5, batch=3, lr=0.01, warmup=0.4), "policy/lr")
    expected = [0.005, 0.01, *(0.005 * (1 + math.cos(math.pi * n / 3)) for n in range(3))]
    assert rates == pytest.approx(expected)


def test_the_rate_is_its_own_and_not_that_of_rl(policy: Policy) -> None:
    optimiser = {"lr": 0.5, "schedule": "linear", "warmup_steps": 100}
    assert seen(train(policy, section={"optimiser": optimiser}), "policy/lr") == [0.01]


def test_several_passes_learn_what_one_pass_learns() -> None:
    learnt = []
    for tokens in (8192, 1):
        policy = tiny_policy()
        (update,) = train(policy, section={"tokens_per_pass": tokens}, lr=1e-4)
        likely = [value for said in SAID.values() for value in policy.logprobs(*said)]
        learnt.append((likely, update.metrics.result()))
    (whole, shown), (parts, shown_parts) = learnt
    assert parts == pytest.approx(whole, abs=1e-5)
    assert shown_parts == pytest.approx(shown, rel=1e-4, abs=1e-5)


def test_the_same_seed_learns_the_same_and_another_takes_another_order() -> None:
    def learnt(seed: int) -> dict[str, Tensor]:
        policy = tiny_policy()
        train(policy, section={"seed": seed}, epochs=2, batch=1)
        return weights(policy)

    assert same(learnt(0), learnt(0))
    assert not all(same(learnt(0), learnt(seed)) for seed in (1, 2, 3))


def test_an_episode_of_several_sequences_learns_all_of_them(policy: Policy) -> None:
    twice = batch_of(sample("a", (1, 2), (10,)), sample("a", (5, 6), (20, 21)))
    (update,) = train(policy, twice)
    assert update.metrics.result()["tokens/trained"] == 3.0


def test_a_weight_that_is_no_number_ends_it_and_changes_no_weight(policy: Policy) -> None:
    with torch.no_grad():
        next(policy.parameters())[1] = math.nan
    before = weights(policy)
    with pytest.raises(DivergedError, match="the weights are the last good ones"):
        train(policy)
    after = weights(policy)
    assert all(torch.equal(after[n].nan_to_num(), v.nan_to_num()) for n, v in before.items())


def test_every_metric_is_documented(policy: Policy) -> None:
    (update,) = train(policy)
    shown = update.metrics.result()
    assert all(described(name).matches(name) for name in shown)
    assert shown.keys() >= {"sft/loss", "sft/accuracy", "policy/grad_norm", "policy/lr"}

"""The policy, asked how likely it finds what was sampled."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.training.critic import CopiedCritic, SharedCritic, value_loss
from agentrl.training.packing import Pass, pack
from agentrl.training.policy import Policy
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import TokenTable, token_table

VOCABULARY = 64
PROMPT, ANSWER = (1, 2, 3), (10, 11, 12, 13)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def policy() -> Policy:
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
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Policy(untyped.Qwen2ForCausalLM(config).eval())


def asked(
    allowed: Sequence[tuple[int, ...] | None] = (None,) * 4, sampling: Sampling | None = None
) -> tuple[TokenTable, Pass]:
    """Return a table of one answer and the pass that takes it through the model."""
    tokens = TokenSequence(
        token_ids=PROMPT + ANSWER,
        sampled=(False,) * 3 + (True,) * 4,
        logprobs=(0.0,) * 7,
        allowed=(None, None, None, *allowed),
        turns=(0,) * 7,
    )
    sample = Sample("e", tokens, sampling or Sampling())
    table = token_table(Batch((Trajectory("e", "g", (1.0,)),), (sample,)))
    (one,) = pack(table, (0,), 100)
    return table, one


def scores(policy: Policy) -> Tensor:
    """Return the model's scores before each token of the answer."""
    with torch.no_grad():
        logits: Tensor = policy.model(input_ids=torch.tensor([[*PROMPT, *ANSWER]])).logits
    return logits[0, 2:6]


def likelihood(logits: Tensor) -> Tensor:
    return logits.log_softmax(-1).gather(1, torch.tensor(ANSWER).unsqueeze(1)).squeeze(1)


def test_at_temperature_1_it_is_the_model_s_softmax(policy: Policy) -> None:
    table, one = asked()
    expected = likelihood(scores(policy))
    torch.testing.assert_close(policy.outputs(table, one).logprobs, expected)
    assert policy.logprobs(PROMPT, ANSWER) == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_temperature_of_sampling_divides_the_scores(policy: Policy) -> None:
    table, one = asked(sampling=Sampling(temperature=0.5))
    expected = likelihood(scores(policy) / 0.5)
    torch.testing.assert_close(policy.outputs(table, one).logprobs, expected)


def test_a_token_competes_with_those_it_was_chosen_from_alone(policy: Policy) -> None:
    table, one = asked(allowed=[(10, 20, 30), None, (12, 40), None])
    found = policy.outputs(table, one)
    logits = scores(policy)
    among = logits[0, [10, 20, 30]].log_softmax(0)
    assert found.logprobs[0].item() == pytest.approx(float(among[0]), abs=1e-5)
    assert found.entropies[0].item() == pytest.approx(-float((among.exp() * among).sum()), abs=1e-5)
    assert found.logprobs[2].item() == pytest.approx(float(logits[2, [12, 40]].log_softmax(0)[0]))


def test_top_k_leaves_the_most_likely_and_what_was_sampled_then(policy: Policy) -> None:
    """Other weights may have sampled what these would not; its probability must not be zero."""
    table, one = asked(sampling=Sampling(top_k=5))
    logits = scores(policy)
    found = policy.outputs(table, one).logprobs
    for row, (logprob, token) in enumerate(zip(found.tolist(), ANSWER, strict=True)):
        kept = set(logits[row].topk(5).indices.tolist()) | {token}
        rest = logits[row, sorted(kept)].logsumexp(0)
        assert logprob == pytest.approx(float(logits[row, token] - rest), abs=1e-5)


def test_a_token_without_alternative_is_certain_and_teaches_nothing(policy: Policy) -> None:
    table, one = asked(allowed=[(10,), (11,), (12,), (13,)])
    found = policy.outputs(table, one)
    assert found.logprobs.tolist() == [0.0] * 4
    assert found.entropies.tolist() == [0.0] * 4
    found.logprobs.sum().backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in policy.parameters() if p.grad is not None]
    assert all(not gradient.any() for gradient in gradients)


def test_saved_it_is_an_ordinary_checkpoint(policy: Policy, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    policy.save(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path).state_dict()
    for name, value in policy.state_dict().items():
        assert torch.equal(loaded[name], value), name


def test_a_fresh_critic_expects_nothing(policy: Policy) -> None:
    table, one = asked()
    assert not CopiedCritic(policy)(one).any()
    assert not SharedCritic(policy)(policy.outputs(table, one)).any()


def test_a_copied_critic_learns_beside_the_policy_and_a_shared_one_within_it(
    policy: Policy,
) -> None:
    table, one = asked()
    copied, shared = CopiedCritic(policy), SharedCritic(policy)
    for critic in (copied, shared):
        torch.nn.init.ones_(critic.head.weight)
    copied(one).sum().backward()
    assert not any(p.grad is not None and p.grad.any() for p in policy.parameters())
    assert any(p.grad is not None and p.grad.any() for p in copied.model.parameters())
    shared(policy.outputs(table, one)).sum().backward()
    assert any(p.grad is not None and p.grad.any() for p in policy.parameters())


def test_a_copied_critic_leaves_out_the_layer_that_values_do_not_need(policy: Policy) -> None:
    critic = CopiedCritic(policy)
    trained = {id(parameter) for parameter in critic.trained()}
    assert id(critic.head.weight) in trained
    assert id(critic.model.get_output_embeddings().weight) not in trained


def test_a_value_earns_nothing_by_moving_beyond_the_clip() -> None:
    """By hand: return 1, old value 0, clip 0.2, so that the error is never below 0.8."""
    old, returns = torch.zeros(3), torch.ones(3)
    values = torch.tensor([0.1, 0.5, 1.0])
    losses = value_loss(values, old, returns, 0.2)
    assert losses.tolist() == pytest.approx([0.5 * 0.9**2, 0.5 * 0.8**2, 0.5 * 0.8**2])
    assert value_loss(values, old, returns, None).tolist() == pytest.approx([0.405, 0.125, 0.0])

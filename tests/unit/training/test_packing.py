"""Samples side by side in rows, where nothing sees its neighbour."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.training.packing import pack, token_count
from agentrl.training.policy import Policy
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import TokenTable, token_table

VOCABULARY = 64


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def attention() -> Policy:
    """A model that can tell the samples of a row apart, by their positions."""
    import transformers

    untyped: Any = transformers
    config = untyped.Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Policy(untyped.Qwen2ForCausalLM(config).eval())


@pytest.fixture(scope="module")
def recurrent() -> Policy:
    """A model whose state runs on through a row."""
    import transformers

    untyped: Any = transformers
    config = untyped.MambaConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, state_size=8
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Policy(untyped.MambaForCausalLM(config).eval())


def table_of(*lengths: tuple[str, int, int]) -> TokenTable:
    """Return a table of samples: name of the episode, prompt tokens and sampled tokens."""
    samples = []
    for number, (name, prompt, answer) in enumerate(lengths):
        ids = tuple((7 * number + 3 * n * n + n) % VOCABULARY for n in range(prompt + answer))
        tokens = TokenSequence(
            token_ids=ids,
            sampled=(False,) * prompt + (True,) * answer,
            logprobs=(0.0,) * prompt + (-1.0,) * answer,
            allowed=(None,) * (prompt + answer),
            turns=(0,) * (prompt + answer),
        )
        samples.append(Sample(name, tokens, Sampling()))
    names = dict.fromkeys(sample.episode_id for sample in samples)
    trajectories = tuple(Trajectory(name, "g", (1.0,)) for name in names)
    ordered = sorted(samples, key=lambda sample: list(names).index(sample.episode_id))
    return token_table(Batch(trajectories, tuple(ordered)))


BATCHES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 20), st.integers(1, 12)),
    min_size=1,
    max_size=10,
)


def everyone(table: TokenTable) -> range:
    return range(len(table.episode_ids))


@given(BATCHES, st.integers(1, 120), st.booleans())
def test_every_token_is_in_exactly_one_pass_and_predicted_from_the_one_before(
    lengths: list[tuple[str, int, int]], budget: int, together: bool
) -> None:
    table = table_of(*lengths)
    passes = pack(table, everyone(table), budget, together=together)
    assert sorted(int(n) for one in passes for n in one.index) == list(range(table.size))
    for one in passes:
        before = one.token_ids[one.row, one.column]
        for n, target, previous in zip(one.index, one.target, before, strict=True):
            ids = table.samples[int(table.sample[n])].tokens.token_ids
            position = int(table.position[n])
            assert int(target) == ids[position]
            assert int(previous) == ids[position - 1]


@given(BATCHES, st.integers(1, 120), st.booleans())
def test_a_pass_is_within_its_budget_or_as_large_as_one_of_its_episodes_alone(
    lengths: list[tuple[str, int, int]], budget: int, together: bool
) -> None:
    table = table_of(*lengths)
    for one in pack(table, everyone(table), budget, together=together):
        alone = [
            sum(p.token_ids.numel() for p in pack(table, [episode], budget, together=together))
            for episode in set(table.episode[one.index].tolist())
        ]
        assert one.token_ids.numel() <= max([budget, *alone])


@given(BATCHES)
def test_positions_begin_again_with_each_sample(lengths: list[tuple[str, int, int]]) -> None:
    table = table_of(*lengths)
    for one in pack(table, everyone(table), 100):
        at = one.positions[one.row, one.column]
        assert torch.equal(at, table.position[one.index] - 1)


@settings(deadline=None, max_examples=30)
@given(BATCHES, st.integers(20, 200))
def test_no_token_sees_the_samples_beside_it(
    attention: Policy, lengths: list[tuple[str, int, int]], budget: int
) -> None:
    """No cross-talk: alone or packed with others, a token is as likely."""
    table = table_of(*lengths)
    assert attention.packs
    with torch.no_grad():
        for one in pack(table, everyone(table), budget):
            packed = attention.outputs(table, one).logprobs
            for n, found in zip(one.index.tolist(), packed, strict=True):
                ids = table.samples[int(table.sample[n])].tokens.token_ids
                position = int(table.position[n])
                (alone,) = attention.logprobs(ids[:position], ids[position : position + 1])
                assert float(found) == pytest.approx(alone, abs=1e-4)


def test_no_gradient_flows_between_neighbours(attention: Policy) -> None:
    """The embedding of a token that only the neighbour has gets no gradient."""
    table = table_of(("a", 4, 3), ("b", 4, 3))
    (one,) = pack(table, (0, 1), 100)
    of_b = set(table.samples[1].tokens.token_ids) - set(table.samples[0].tokens.token_ids)
    attention.model.zero_grad()
    logprobs = attention.outputs(table, one).logprobs
    logprobs[table.episode[one.index] == 0].sum().backward()  # type: ignore[no-untyped-call]
    gradient = attention.model.get_input_embeddings().weight.grad
    assert gradient.abs().sum() > 0
    assert all(not gradient[token].any() for token in of_b)


def test_a_model_whose_state_runs_on_is_found_out_and_gets_a_row_for_each_sample(
    recurrent: Policy,
) -> None:
    assert not recurrent.packs
    table = table_of(("a", 5, 3), ("b", 4, 4), ("c", 3, 2))
    passes = pack(table, everyone(table), 100, together=recurrent.packs)
    for one in passes:
        samples = table.sample[one.index]
        for row in set(one.row.tolist()):
            assert len(set(samples[one.row == row].tolist())) == 1


def test_little_is_padded() -> None:
    table = table_of(*((name, 30 - 3 * n, 5) for n, name in enumerate("abcdef")))
    passes = pack(table, everyone(table), 70)
    filled = token_count(table.samples) / sum(one.token_ids.numel() for one in passes)
    assert filled > 0.75


def test_only_the_episodes_asked_for_are_packed() -> None:
    table = table_of(("a", 5, 3), ("b", 4, 4), ("c", 3, 2))
    (one,) = pack(table, (0, 2), 100)
    assert set(table.episode[one.index].tolist()) == {0, 2}

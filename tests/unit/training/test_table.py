"""Every sampled token of a batch as one row."""

import pytest
import torch

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import TokenTable, token_table


def sample(name: str, turns: tuple[int, ...], sampled: tuple[bool, ...]) -> Sample:
    size = len(turns)
    logprobs = tuple(-float(n) if was else 0.0 for n, was in enumerate(sampled))
    tokens = TokenSequence(tuple(range(size)), sampled, logprobs, (None,) * size, turns)
    return Sample(name, tokens, Sampling())


def table() -> TokenTable:
    """Two episodes; the first has two turns, and a prompt between them."""
    first = sample("a", (0, 0, 0, 1, 1, 1), (False, True, True, False, True, True))
    second = sample("b", (0, 0), (False, True))
    trajectories = (Trajectory("a", "g", (0.0, 1.0)), Trajectory("b", "g", (0.5,)))
    return token_table(Batch(trajectories, (first, second)))


def test_it_has_a_row_for_each_sampled_token_and_no_other() -> None:
    made = table()
    assert made.size == 5
    assert made.sample.tolist() == [0, 0, 0, 0, 1]
    assert made.position.tolist() == [1, 2, 4, 5, 1]
    assert made.episode.tolist() == [0, 0, 0, 0, 1]
    assert made.turn.tolist() == [0, 0, 1, 1, 0]
    assert made.sampler_logprobs.tolist() == [-1.0, -2.0, -4.0, -5.0, -1.0]
    assert made.lengths.tolist() == [4, 1]


def test_the_last_token_of_each_turn_ends_it() -> None:
    assert table().ends_turn.tolist() == [False, True, False, True, True]


def test_numbers_of_turns_reach_their_tokens_by_identity() -> None:
    spread = table().spread({"b": (7.0,), "a": (1.0, 2.0), "elsewhere": (9.0,)})
    assert spread.tolist() == [1.0, 1.0, 2.0, 2.0, 7.0]


def test_numbers_of_tokens_add_up_by_turn() -> None:
    sums = table().sum_by_turn(torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert sums == {"a": (3.0, 7.0), "b": (5.0, 0.0)}


def test_a_sample_of_an_unknown_episode_is_refused() -> None:
    lost = sample("lost", (0, 0), (False, True))
    with pytest.raises(ValueError, match="'lost', which is not in the batch"):
        token_table(Batch((Trajectory("a", "g", (1.0,)),), (lost,)))


def test_an_empty_batch_is_an_empty_table() -> None:
    made = token_table(Batch((), ()))
    assert made.size == 0
    assert made.ends_turn.tolist() == []

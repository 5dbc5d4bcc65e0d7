"""From rewards and values to one advantage for each token."""

import pytest
import torch
from torch import Tensor

from agentrl.agents.tokens import TokenSequence
from agentrl.episode import Sampling
from agentrl.suite.algorithm import AdvantageSpec, LossSpec
from agentrl.training.credit import credit
from agentrl.training.sample import Batch, Sample, Trajectory
from agentrl.training.table import TokenTable, token_table

LOSS = LossSpec()


def sample(name: str, turns: tuple[int, ...]) -> Sample:
    """Return a sequence with one prompt token before each turn's sampled ones.

    ``turns`` says how many tokens each turn sampled.
    """
    sampled: list[bool] = []
    numbers: list[int] = []
    for turn, count in enumerate(turns):
        sampled += [False] + [True] * count
        numbers += [turn] * (count + 1)
    length = len(sampled)
    tokens = TokenSequence(
        token_ids=tuple(range(length)),
        sampled=tuple(sampled),
        logprobs=(0.0,) * length,
        allowed=(None,) * length,
        turns=tuple(numbers),
    )
    return Sample(name, tokens, Sampling())


def table_of(*samples: Sample) -> TokenTable:
    trajectories = [
        Trajectory(name, "g", ()) for name in dict.fromkeys(s.episode_id for s in samples)
    ]
    return token_table(Batch(tuple(trajectories), samples))


def listed(values: Tensor | None) -> list[float]:
    assert values is not None
    return [round(value, 4) for value in values.tolist()]


def test_tokens_find_their_episode_by_its_id_and_not_by_their_place() -> None:
    table = table_of(sample("b", (1, 2)), sample("a", (2,)))
    trajectories = [Trajectory("a", "g", (1.0,)), Trajectory("b", "g", (0.0, 0.0))]
    spec = AdvantageSpec(baseline="group_mean")
    assert listed(credit(spec, LOSS, trajectories, table).advantages) == [-0.5] * 3 + [0.5] * 2


def test_a_baseline_uses_episodes_that_are_not_trained_on() -> None:
    table = table_of(sample("a", (1,)))
    trajectories = [Trajectory("a", "g", (1.0,))] + [
        Trajectory(f"other-{n}", "g", (0.0,)) for n in range(3)
    ]
    spec = AdvantageSpec(baseline="group_mean")
    assert listed(credit(spec, LOSS, trajectories, table).advantages) == [0.75]


def test_a_turns_reward_stands_on_its_last_token() -> None:
    """Two turns of two tokens that earn 1 and 2; a critic that knows nothing; no discount."""
    table = table_of(sample("a", (2, 2)))
    spec = AdvantageSpec(baseline="value", credit="token", lam=0.0)
    earned = credit(spec, LOSS, [Trajectory("a", "g", (1.0, 2.0))], table, values=torch.zeros(4))
    assert listed(earned.advantages) == [0.0, 1.0, 0.0, 2.0]


def test_token_level_estimation_reaches_over_the_whole_episode() -> None:
    table = table_of(sample("a", (2, 2)))
    spec = AdvantageSpec(baseline="value", credit="token")
    values = torch.tensor([0.5, 1.0, 1.5, 0.25])
    earned = credit(spec, LOSS, [Trajectory("a", "g", (1.0, 2.0))], table, values=values)
    assert listed(earned.returns) == [3.0, 3.0, 2.0, 2.0]
    assert listed(earned.advantages) == [2.5, 2.0, 0.5, 1.75]


def test_turn_level_estimation_counts_turns_and_not_tokens() -> None:
    """gamma 0.5 from turn to turn: 1 + 0.5 x 2 = 2; the first token's value is the turn's."""
    table = table_of(sample("a", (3, 2)))
    spec = AdvantageSpec(baseline="value", credit="turn", gamma=0.5)
    values = torch.tensor([0.5, 9.0, 9.0, 1.0, 9.0])
    earned = credit(spec, LOSS, [Trajectory("a", "g", (1.0, 2.0))], table, values=values)
    assert listed(earned.advantages) == [1.5] * 3 + [1.0] * 2
    assert listed(earned.returns) == [2.0] * 3 + [2.0] * 2


def test_the_distance_to_a_reference_is_taken_off_the_rewards() -> None:
    table = table_of(sample("a", (1,)), sample("b", (1,)))
    trajectories = [Trajectory("a", "g", (1.0,)), Trajectory("b", "g", (1.0,))]
    spec = AdvantageSpec(baseline="group_mean")
    penalty = torch.tensor([0.4, 0.0])
    earned = credit(spec, LOSS, trajectories, table, penalty=penalty)
    assert listed(earned.advantages) == [-0.2, 0.2]


def test_a_penalty_reaches_each_token_where_tokens_have_values() -> None:
    table = table_of(sample("a", (2,)))
    spec = AdvantageSpec(baseline="value", credit="token", lam=0.0)
    earned = credit(
        spec,
        LOSS,
        [Trajectory("a", "g", (1.0,))],
        table,
        values=torch.zeros(2),
        penalty=torch.tensor([0.25, 0.5]),
    )
    assert listed(earned.advantages) == [-0.25, 0.5]


def test_baseline_value_without_a_critic_is_a_mistake() -> None:
    table = table_of(sample("a", (1,)))
    spec = AdvantageSpec(baseline="value", credit="token")
    with pytest.raises(ValueError, match="needs the critic's values"):
        credit(spec, LOSS, [Trajectory("a", "g", (1.0,))], table)

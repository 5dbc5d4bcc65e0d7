"""Advantages from rewards: each estimator by hand, and what must hold for all."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from agentrl.errors import UsageError
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.sample import Trajectory

BASELINES = ("none", "group_mean", "leave_one_out", "batch_mean", "greedy")


def episode(name: str, *rewards: float) -> Trajectory:
    """Return an episode; what stands before the ``#`` of its name is its group."""
    return Trajectory(name, name.split("#")[0], rewards)


def estimated(batch: Sequence[Trajectory], **switches: Any) -> dict[str, list[float]]:
    numbers = turn_advantages(AdvantageSpec(**switches), batch)
    return {name: [round(number, 4) for number in row] for name, row in numbers.items()}


PAIR_AND_THREE = [
    episode("a#0", 0.0, 1.0),
    episode("a#1", 0.0),
    episode("b#0", 1.0),
    episode("b#1", 0.0, 0.0, 3.0),
    episode("b#2", 2.0),
]


def test_a_centre_tells_good_episodes_from_bad_ones_without_a_baseline() -> None:
    """Of TOPR and W-REINFORCE: a group that only failed teaches too."""
    spec = AdvantageSpec(centre=0.5)
    found = turn_advantages(spec, [episode("a#0", 0.0, 1.0), episode("a#1", 0.0)])
    assert found == {"a#0": (0.5, 0.5), "a#1": (-0.5,)}


def test_without_a_baseline_every_turn_gets_the_reward_of_its_episode() -> None:
    assert estimated(PAIR_AND_THREE) == {
        "a#0": [1, 1],
        "a#1": [0],
        "b#0": [1],
        "b#1": [3, 3, 3],
        "b#2": [2],
    }


def test_grpo_divides_the_distance_from_the_groups_mean_by_its_standard_deviation() -> None:
    """Group a: 1 and 0, mean 0.5, deviation 1 / sqrt(2). Group b: 1, 3, 2, mean 2, deviation 1."""
    assert estimated(PAIR_AND_THREE, baseline="group_mean", scale="group_std") == {
        "a#0": [0.7071, 0.7071],
        "a#1": [-0.7071],
        "b#0": [-1],
        "b#1": [1, 1, 1],
        "b#2": [0],
    }


def test_dr_grpo_does_not_divide() -> None:
    assert estimated(PAIR_AND_THREE, baseline="group_mean") == {
        "a#0": [0.5, 0.5],
        "a#1": [-0.5],
        "b#0": [-1],
        "b#1": [1, 1, 1],
        "b#2": [0],
    }


def test_rloo_compares_with_the_mean_of_the_others() -> None:
    """In group b: 1 - (3 + 2) / 2, 3 - (1 + 2) / 2, 2 - (1 + 3) / 2."""
    assert estimated(PAIR_AND_THREE, baseline="leave_one_out") == {
        "a#0": [1, 1],
        "a#1": [-1],
        "b#0": [-1.5],
        "b#1": [1.5, 1.5, 1.5],
        "b#2": [0],
    }


def test_reinforce_plus_plus_normalises_over_the_batchs_episodes() -> None:
    """Rewards 1, 0, 1, 3, 2: mean 1.4, variance (0.16 + 1.96 + 0.16 + 2.56 + 0.36) / 4 = 1.3."""
    deviation = math.sqrt(1.3)
    expected = [round(d / deviation, 4) for d in (-0.4, -1.4, -0.4, 1.6, 0.6)]
    numbers = estimated(PAIR_AND_THREE, baseline="batch_mean", scale="batch_std")
    assert [row[0] for row in numbers.values()] == expected


def test_remax_subtracts_the_reward_of_a_greedy_episode() -> None:
    spec = AdvantageSpec(baseline="greedy")
    numbers = turn_advantages(spec, PAIR_AND_THREE, {"a": 1.0, "b": 0.5})
    assert numbers == {
        "a#0": (0, 0),
        "a#1": (-1,),
        "b#0": (0.5,),
        "b#1": (2.5, 2.5, 2.5),
        "b#2": (1.5,),
    }


def test_bnpo_divides_by_a_beta_density_fitted_to_the_success_rates() -> None:
    """Rates 1/4 and 3/4: mean 1/2, variance 1/8.

    So a = b = (1/4 / (1/8) - 1) / 2 = 1/2 and alpha = beta = 7/6. The density is
    (p (1 - p)) ** (1/6) over B(7/6, 7/6), the same for both groups.
    """
    rewards = {"a": (1.0, 0.0, 0.0, 0.0), "b": (1.0, 1.0, 1.0, 0.0)}
    batch = [episode(f"{g}#{i}", r) for g, row in rewards.items() for i, r in enumerate(row)]
    constant = math.gamma(7 / 6) ** 2 / math.gamma(7 / 3)
    density = (3 / 16) ** (1 / 6) / constant
    numbers = estimated(batch, baseline="group_mean", scale="beta")
    assert numbers["a#0"] == [round(0.75 / density, 4)]
    assert numbers["b#3"] == [round(-0.75 / density, 4)]


def test_bnpo_maps_other_rewards_to_the_unit_interval() -> None:
    units = [episode("a#0", 0.0), episode("a#1", 1.0), episode("b#0", 0.25), episode("b#1", 1.0)]
    others = [Trajectory(e.episode_id, e.group_id, (8 * e.rewards[0] - 4,)) for e in units]
    switches = {"baseline": "group_mean", "scale": "beta"}
    assert estimated(others, **switches) == estimated(units, **switches)


def test_bnpo_with_one_group_is_dr_grpo() -> None:
    batch = [episode("a#0", 1.0), episode("a#1", 0.0), episode("a#2", 0.0)]
    assert estimated(batch, baseline="group_mean", scale="beta") == estimated(
        batch, baseline="group_mean"
    )


def test_a_turn_is_judged_by_what_was_earned_from_it_on() -> None:
    batch = [episode("a#0", 1.0, 0.0, 2.0), episode("a#1", 4.0)]
    assert estimated(batch, credit="turn") == {"a#0": [3, 2, 2], "a#1": [4]}


def test_what_comes_a_turn_later_counts_gamma_times() -> None:
    batch = [episode("a#0", 1.0, 0.0, 2.0)]
    assert estimated(batch, credit="turn", gamma=0.5) == {"a#0": [1.5, 1, 2]}


def test_turns_are_compared_with_the_same_turn_of_the_other_episodes() -> None:
    """Rewards-to-go 3, 2 | 1, 1, 1 | 2: an episode that has ended counts 0."""
    batch = [episode("a#0", 1.0, 2.0), episode("a#1", 0.0, 0.0, 1.0), episode("a#2", 2.0)]
    assert estimated(batch, credit="turn", baseline="leave_one_out") == {
        "a#0": [3 - 1.5, 2 - 0.5],
        "a#1": [1 - 2.5, 1 - 1.0, 1 - 0.0],
        "a#2": [2 - 2.0],
    }
    assert estimated(batch, credit="turn", baseline="group_mean") == {
        "a#0": [1, 1],
        "a#1": [-1, 0, 0.6667],
        "a#2": [0],
    }


def test_turns_are_divided_by_the_deviation_at_the_same_turn() -> None:
    """Turn 0: 3, 1, 2, deviation 1. Turn 1: 2, 1, 0, deviation 1. Turn 2: 0, 1, 0, 1 / sqrt(3)."""
    batch = [episode("a#0", 1.0, 2.0), episode("a#1", 0.0, 0.0, 1.0), episode("a#2", 2.0)]
    assert estimated(batch, credit="turn", baseline="group_mean", scale="group_std") == {
        "a#0": [1, 1],
        "a#1": [-1, 0, 1.1547],
        "a#2": [0],
    }


def test_a_batch_of_turns_is_normalised_over_turns() -> None:
    """Rewards-to-go 2, 2, 5: mean 3, variance (1 + 1 + 4) / 2."""
    batch = [episode("a#0", 0.0, 2.0), episode("b#0", 5.0)]
    numbers = estimated(batch, credit="turn", baseline="batch_mean", scale="batch_std")
    assert numbers["a#0"] == pytest.approx([-1 / math.sqrt(3)] * 2, abs=1e-4)
    assert numbers["b#0"] == pytest.approx([2 / math.sqrt(3)], abs=1e-4)


def test_a_group_that_lost_an_episode_is_compared_among_those_left() -> None:
    """Of group b 1 and 3 are left: mean 2, the other one, deviation sqrt(2)."""
    left = [one for one in PAIR_AND_THREE if one.episode_id != "b#2"]
    assert estimated(left, baseline="group_mean")["b#0"] == [-1]
    assert estimated(left, baseline="leave_one_out")["b#0"] == [-2]
    assert estimated(left, baseline="group_mean", scale="group_std")["b#0"] == [-0.7071]


def test_an_episode_without_others_does_not_change_how_the_batch_is_scaled() -> None:
    switches = {"baseline": "leave_one_out", "scale": "batch_std"}
    alone = estimated([*PAIR_AND_THREE, episode("c#0", 7.0)], **switches)
    assert alone == {**estimated(PAIR_AND_THREE, **switches), "c#0": [0]}


@pytest.mark.parametrize("scale", ["group_std", "batch_std"])
@pytest.mark.parametrize("baseline", BASELINES)
def test_dividing_by_no_difference_at_all_gives_zero(baseline: str, scale: str) -> None:
    batch = [episode(f"a#{n}", 0.1) for n in range(3)]
    spec = AdvantageSpec(baseline=baseline, scale=scale)
    numbers = turn_advantages(spec, batch, {"a": 0.25})
    assert set(numbers.values()) == {(0.0,)}


def test_equal_rewards_are_exactly_as_expected() -> None:
    """Not nearly: three times 0.1 is not 0.3 in binary."""
    batch = [episode(f"a#{n}", 0.1) for n in range(3)]
    for baseline in ("group_mean", "leave_one_out", "batch_mean"):
        spec = AdvantageSpec(baseline=baseline)
        assert set(turn_advantages(spec, batch).values()) == {(0.0,)}


def test_an_episode_without_turns_counts_in_the_mean_and_gets_no_number() -> None:
    batch = [episode("a#0"), episode("a#1", 1.0)]
    for credit in ("episode", "turn"):
        numbers = estimated(batch, baseline="group_mean", credit=credit)
        assert numbers == {"a#0": [], "a#1": [0.5]}


def test_an_episode_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'a#0' is in the batch twice"):
        turn_advantages(AdvantageSpec(), [episode("a#0", 1.0), episode("a#0", 0.0)])


@pytest.mark.parametrize("reward", [math.nan, math.inf, -math.inf])
def test_a_reward_that_is_not_finite_is_refused(reward: float) -> None:
    with pytest.raises(UsageError, match=r"episode 'a#0', turn 1: the reward is"):
        turn_advantages(AdvantageSpec(), [episode("a#0", 1.0, reward)])


@pytest.mark.parametrize("greedy", [None, {}, {"b": 1.0}])
def test_a_group_without_a_greedy_reward_is_refused(greedy: dict[str, float] | None) -> None:
    with pytest.raises(UsageError, match="group 'a' has none"):
        turn_advantages(AdvantageSpec(baseline="greedy"), [episode("a#0", 1.0)], greedy)


def test_a_greedy_reward_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UsageError, match="greedy episode of group 'a'"):
        turn_advantages(AdvantageSpec(baseline="greedy"), [episode("a#0", 1.0)], {"a": math.nan})


def test_a_critics_advantages_are_made_elsewhere() -> None:
    spec = AdvantageSpec(baseline="value", credit="token")
    with pytest.raises(UsageError, match="gae"):
        turn_advantages(spec, [episode("a#0", 1.0)])


def test_split_credit_adds_what_a_turn_itself_earned_to_its_episodes_advantage() -> None:
    """VeRPO (arXiv 2601.03525) by hand, with a beta of 2.

    Of the trajectories' own rewards 1 and 0 the mean is 0.5; of the turns' rewards 0.1, 0.5 and
    0.3 it is 0.3.
    """
    batch = [
        Trajectory("a#0", "a", (0.1, 1.5), turn_rewards=(0.1, 0.5)),
        Trajectory("a#1", "a", (0.3,), turn_rewards=(0.3,)),
    ]
    found = estimated(
        batch, baseline="group_mean", credit="split", turn_terms=("tests",), turn_weight=2.0
    )
    assert found == {"a#0": [0.1, 0.9], "a#1": [-0.5]}


def test_split_credit_without_terms_to_split_off_is_refused() -> None:
    with pytest.raises(ValueError, match="need each other"):
        AdvantageSpec(credit="split")

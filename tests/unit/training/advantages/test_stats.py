"""A batch's advantages in numbers."""

from dataclasses import asdict

import pytest

from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.advantages.stats import advantage_stats, equal_reward_groups
from agentrl.training.sample import Trajectory

BATCH = [
    Trajectory("a-0", "a", (0.0, 1.0)),
    Trajectory("b-0", "b", (0.5,)),
    Trajectory("a-1", "a", (0.0,)),
    Trajectory("b-1", "b", (0.25, 0.25)),
    Trajectory("c-0", "c", (2.0,)),
]


def test_statistics_of_a_batch_by_hand() -> None:
    """Advantages 0.5 twice, -0.5, and 0 for the four turns of groups that teach nothing."""
    spec = AdvantageSpec(baseline="group_mean")
    stats = advantage_stats(BATCH, turn_advantages(spec, BATCH))
    assert asdict(stats) == pytest.approx(
        {
            "mean": 0.5 / 7,
            "std": (0.75 / 7 - (0.5 / 7) ** 2) ** 0.5,
            "min": -0.5,
            "max": 0.5,
            "positive": 2 / 7,
            "zero": 4 / 7,
            "turns": 7,
            "groups": 3,
            "equal_rewards": 2,
            "lone": 1,
        }
    )
    assert stats.equal_rewards_share == pytest.approx(2 / 3)


def test_an_empty_batch_has_statistics_too() -> None:
    stats = advantage_stats([], {})
    assert (stats.std, stats.turns, stats.groups, stats.equal_rewards_share) == (0, 0, 0, 0)


def test_a_group_is_equal_by_its_episodes_rewards_and_not_by_its_turns() -> None:
    assert equal_reward_groups(BATCH) == {"b", "c"}


def test_by_turn_a_group_of_equal_rewards_may_still_teach_something() -> None:
    """Both earned 1, the one in its first turn and the other in its second."""
    batch = [Trajectory("a-0", "a", (1.0, 0.0)), Trajectory("a-1", "a", (0.0, 1.0))]
    assert equal_reward_groups(batch) == {"a"}
    spec = AdvantageSpec(baseline="leave_one_out", credit="turn")
    assert turn_advantages(spec, batch) == {"a-0": (0.0, -1.0), "a-1": (0.0, 1.0)}


def test_rewards_within_the_tolerance_are_equal() -> None:
    batch = [Trajectory("a-0", "a", (0.1, 0.2)), Trajectory("a-1", "a", (0.3,))]
    assert equal_reward_groups(batch) == {"a"}
    apart = [Trajectory("a-0", "a", (1.0,)), Trajectory("a-1", "a", (1.1,))]
    assert equal_reward_groups(apart) == frozenset()
    assert equal_reward_groups(apart, tolerance=0.2) == {"a"}

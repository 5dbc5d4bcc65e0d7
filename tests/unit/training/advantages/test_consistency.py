"""Groups of equal rewards, compared with the other groups."""

import math

import pytest

from agentrl.errors import UsageError
from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.consistency import consistency_advantages
from agentrl.training.sample import Trajectory

SCALED = AdvantageSpec(baseline="group_mean", scale="group_std")
PLAIN = AdvantageSpec(baseline="group_mean")
SOLVED = [Trajectory("a-0", "a", (0.0, 1.0)), Trajectory("a-1", "a", (1.0,))]
FAILED = [Trajectory(f"b-{n}", "b", (0.0,)) for n in range(4)]
MIXED = [Trajectory("c-0", "c", (1.0,)), Trajectory("c-1", "c", (0.0,))]


def test_a_solved_task_is_better_than_the_batch_and_a_failed_one_worse() -> None:
    """Means 1, 0, 1/2: their mean is 1/2 and their standard deviation 1/2."""
    numbers = consistency_advantages(SCALED, [*SOLVED, *FAILED, *MIXED])
    assert numbers["a-0"] == pytest.approx((1, 1), abs=1e-5)
    assert numbers["a-1"] == pytest.approx((1,), abs=1e-5)
    assert numbers["b-3"] == pytest.approx((-1,), abs=1e-5)


def test_groups_that_differ_inside_keep_their_own_comparison() -> None:
    assert consistency_advantages(SCALED, [*SOLVED, *FAILED, *MIXED]).keys() == {
        one.episode_id for one in [*SOLVED, *FAILED]
    }


def test_without_a_scale_the_difference_is_not_divided() -> None:
    numbers = consistency_advantages(PLAIN, [*SOLVED, *FAILED, *MIXED])
    assert numbers["a-1"] == (0.5,)
    assert numbers["b-0"] == (-0.5,)


def test_a_group_that_lost_episodes_counts_like_any_other() -> None:
    assert consistency_advantages(PLAIN, [*SOLVED, FAILED[0]])["b-0"] == (-0.5,)


@pytest.mark.parametrize("spec", [SCALED, PLAIN])
def test_where_all_groups_earned_the_same_there_is_nothing_to_learn(spec: AdvantageSpec) -> None:
    assert set(consistency_advantages(spec, FAILED).values()) == {(0.0,)}
    assert consistency_advantages(spec, []) == {}


def test_a_reward_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UsageError, match="finite"):
        consistency_advantages(SCALED, [Trajectory("a-0", "a", (math.nan,))])

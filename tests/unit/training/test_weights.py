"""Weights that turns and episodes get beside their advantage."""

import pytest

from agentrl.errors import UsageError
from agentrl.suite.algorithm import ImitationSpec
from agentrl.training.sample import Trajectory
from agentrl.training.weights import duration_weights, needs_imitation, unlikeliness_advantages


def success(name: str, loglikelihood: float, group: str = "g") -> Trajectory:
    return Trajectory(name, group, (0.0, 1.0), success=True, loglikelihood=loglikelihood)


def test_a_turn_counts_by_how_long_it_took() -> None:
    """By hand: 1, 3 and 8 seconds have the mean 4."""
    weights = duration_weights(
        [
            Trajectory("a", "g", (0.0, 1.0), durations=(1.0, 3.0)),
            Trajectory("b", "g", (0.0,), durations=(8.0,)),
        ]
    )
    assert weights == {"a": (0.25, 0.75), "b": (2.0,)}


@pytest.mark.parametrize("durations", [(), (1.0,), (0.0, 0.0)])
def test_turns_without_durations_cannot_be_weighed(durations: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"train\.loss\.turn_weight is 'duration'"):
        duration_weights([Trajectory("a", "g", (0.0, 1.0), durations=durations)])


def test_the_likeliest_success_of_a_group_loses_the_share_and_the_least_likely_nothing() -> None:
    trajectories = [success("rare", -9.0), success("middle", -5.0), success("usual", -1.0)]
    advantages = dict.fromkeys(("rare", "middle", "usual"), (1.0, 2.0))
    lowered = unlikeliness_advantages(trajectories, advantages, 0.5)
    assert lowered == {"rare": (1.0, 2.0), "middle": (0.75, 1.5), "usual": (0.5, 1.0)}


def test_failures_and_a_lone_success_keep_their_advantage() -> None:
    failure = Trajectory("failure", "g", (0.0,), loglikelihood=-0.1)
    advantages = {"failure": (-1.0,), "only": (1.0,)}
    kept = unlikeliness_advantages([failure, success("only", -3.0)], advantages, 0.5)
    assert kept == advantages


def test_groups_are_ranked_apart() -> None:
    trajectories = [
        *(success("a", -9.0), success("b", -1.0)),
        *(success("c", -20.0, "h"), success("d", -10.0, "h")),
    ]
    lowered = unlikeliness_advantages(trajectories, dict.fromkeys("abcd", (1.0,)), 0.25)
    assert lowered == {"a": (1.0,), "b": (0.75,), "c": (1.0,), "d": (0.75,)}


@pytest.mark.parametrize(
    ("below", "rate", "imitated"),
    [(1.0, 0.9, True), (1.0, 1.0, False), (0.25, 0.2, True), (0.25, 0.25, False)],
)
def test_a_task_is_imitated_where_it_succeeds_too_seldom(
    below: float, rate: float, imitated: bool
) -> None:
    assert needs_imitation(rate, ImitationSpec(coefficient=0.1, below_success=below)) is imitated
    assert not needs_imitation(rate, ImitationSpec(coefficient=0.0, below_success=below))

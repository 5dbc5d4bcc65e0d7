"""How many episodes a group gets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.suite.train import TrainSpec
from agentrl.training.tasks import Growth, build_growth


def growth(kind: str = "uniform", size: int = 4, **adaptive: Any) -> Growth:
    section = {"group_size": size, "sampler": {"kind": kind, "adaptive": adaptive}}
    return build_growth(TrainSpec.model_validate(section))


def test_a_fixed_group_is_played_in_one_round() -> None:
    assert growth().more([], 0) == 4
    assert growth().more([0.0, 1.0, 0.0, 0.0], 1) == 0


def test_what_infrastructure_took_is_replaced_a_few_times() -> None:
    assert growth().more([1.0], 1) == 3
    assert growth().more([1.0, 1.0, 0.0], 2) == 1
    assert growth().more([1.0, 1.0, 0.0], 3) == 0


def test_a_fixed_group_keeps_every_episode() -> None:
    assert growth().keep([0.0, 1.0, 1.0]) == (0, 1, 2)


def test_adaptive_rounds_go_on_until_both_signs_are_seen() -> None:
    adaptive = growth("adaptive", positives=2, negatives=2)
    assert adaptive.more([], 0) == 4
    assert adaptive.more([1.0] * 4, 1) == 4
    assert adaptive.more([1.0] * 7 + [0.0], 2) == 4
    assert adaptive.more([1.0] * 10 + [0.0] * 2, 3) == 0


def test_adaptive_rounds_end_at_the_limit() -> None:
    assert growth("adaptive", rounds=2).more([0.0] * 8, 2) == 0


def test_a_positive_lies_above_the_threshold() -> None:
    adaptive = growth("adaptive", positive_above=0.5, positives=1, negatives=1)
    assert adaptive.more([0.5, 0.5, 0.5, 0.5], 1) == 4
    assert adaptive.more([0.5, 0.6, 0.5, 0.5], 1) == 0


@pytest.mark.parametrize(
    ("rewards", "kept"),
    [
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], (0, 1, 3, 4)),
        ([0.0] * 7 + [1.0], (0, 1, 2, 7)),
        ([1.0, 0.0], (0, 1)),
        ([0.0] * 6, (0, 1, 2, 3)),
    ],
)
def test_an_adaptive_group_keeps_both_signs_as_balanced_as_they_come(
    rewards: list[float], kept: tuple[int, ...]
) -> None:
    assert growth("adaptive", keep=4).keep(rewards) == kept


@given(rewards=st.lists(st.sampled_from([0.0, 1.0]), max_size=20), keep=st.integers(1, 8))
def test_an_adaptive_group_never_loses_a_sign_that_it_has_room_for(
    rewards: list[float], keep: int
) -> None:
    kept = growth("adaptive", keep=keep).keep(rewards)
    assert len(kept) == min(keep, len(rewards))
    assert list(kept) == sorted(set(kept))
    if keep >= 2:
        assert {rewards[n] for n in kept} == set(rewards)

"""How many episodes a group gets."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.suite.train import TrainSpec
from agentrl.training.tasks import Growth, build_growth

REWARDS = st.lists(st.sampled_from([0.0, 0.7, 1.0]), max_size=40)


def fixed(size: int = 8) -> Growth:
    return build_growth(TrainSpec(group_size=size))


def adaptive(size: int = 8, **section: Any) -> Growth:
    """Return the growth of Reinforce-Ada; its defaults are those of the released script."""
    sampler = {"kind": "adaptive", "adaptive": section}
    return build_growth(TrainSpec.model_validate({"group_size": size, "sampler": sampler}))


def rounds_of(growth: Growth, outcomes: Iterator[float | None]) -> list[int]:
    """Return the sizes of a group's rounds; None stands for what infrastructure took."""
    rewards: list[float] = []
    sizes: list[int] = []
    while more := growth.more(rewards, len(sizes)):
        sizes.append(more)
        played = [next(outcomes) for _ in range(more)]
        rewards += [reward for reward in played if reward is not None]
    return sizes


def test_a_fixed_group_is_played_in_one_round() -> None:
    assert rounds_of(fixed(), iter([0.0] * 8)) == [8]


def test_what_infrastructure_took_is_replaced() -> None:
    assert rounds_of(fixed(4), iter([1.0, None, None, 0.0, None, 1.0, 0.0])) == [4, 2, 1]


def test_a_group_stays_short_where_infrastructure_keeps_failing() -> None:
    assert rounds_of(fixed(4), iter([None] * 100)) == [4, 4, 4]


@settings(deadline=None)
@given(REWARDS)
def test_a_fixed_group_keeps_every_episode(rewards: list[float]) -> None:
    assert fixed().keep(rewards) == tuple(range(len(rewards)))


@pytest.mark.parametrize(
    ("outcomes", "rounds"),
    [
        ([1, 0, 1, 0, 0, 0, 0, 0], 1),  # two of both in the first round
        ([0] * 8 + [1, 1] + [0] * 6, 2),  # the positives come in the second
        ([1] * 15 + [0] + [0] * 8, 3),  # one negative is too few
        ([0] * 32, 4),  # an impossible task ends after four rounds of eight
        ([0.7] * 32, 4),  # 0.7 is not above 0.7
        ([None] * 32, 4),  # nothing is known
    ],
)
def test_an_adaptive_group_grows_until_both_signs_are_seen(
    outcomes: Sequence[float | None], rounds: int
) -> None:
    assert rounds_of(adaptive(), iter(outcomes)) == [8] * rounds


def test_positives_alone_may_be_enough() -> None:
    growth = adaptive(positives=1, negatives=0)
    assert rounds_of(growth, iter([0] * 8 + [1] * 8)) == [8, 8]


def test_the_suite_says_what_is_positive() -> None:
    growth = adaptive(positive_above=0.5, positives=1, negatives=1)
    assert growth.more([0.5] * 8, 1) == 8
    assert growth.more([0.5] * 7 + [0.6], 1) == 0


@pytest.mark.parametrize(
    ("rewards", "kept"),
    [
        ([0, 0, 0, 1, 0, 1, 1, 0], (0, 1, 3, 5)),  # the first two of both signs
        ([0, 0, 0, 0, 1, 0, 0, 0], (0, 1, 2, 4)),  # the only positive and three negatives
        ([1, 1, 1, 0, 1, 1, 1, 1], (0, 1, 2, 3)),
        ([0] * 8, (0, 1, 2, 3)),
        ([1, 0], (0, 1)),
        ([], ()),
    ],
)
def test_kept_episodes_are_as_balanced_as_they_come(
    rewards: list[float], kept: tuple[int, ...]
) -> None:
    assert adaptive(keep=4).keep(rewards) == kept


@settings(deadline=None)
@given(REWARDS, st.integers(1, 12))
def test_no_selection_of_the_same_size_is_more_balanced(rewards: list[float], keep: int) -> None:
    kept = adaptive(keep=keep).keep(rewards)
    assert list(kept) == sorted(set(kept))
    assert len(kept) == min(keep, len(rewards))
    positives = sum(reward > 0.7 for reward in rewards)
    negatives = len(rewards) - positives
    possible = [
        count for count in range(min(positives, len(kept)) + 1) if len(kept) - count <= negatives
    ]
    best = min(abs(len(kept) - 2 * count) for count in possible)
    assert abs(len(kept) - 2 * sum(rewards[number] > 0.7 for number in kept)) == best

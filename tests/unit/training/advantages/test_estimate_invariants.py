"""What must hold for advantages from rewards, whatever the rewards are."""

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.sample import Trajectory

BASELINES = ("none", "group_mean", "leave_one_out", "batch_mean", "greedy")
SCALES = ("none", "group_std", "batch_std", "beta")


def possible() -> list[AdvantageSpec]:
    """Return every combination of switches that has no critic."""
    specs = []
    for baseline, scale, credit in product(BASELINES, SCALES, ("episode", "turn")):
        if baseline == "greedy" and credit == "turn":
            continue
        if scale == "beta" and (baseline, credit) != ("group_mean", "episode"):
            continue
        specs.append(AdvantageSpec(baseline=baseline, scale=scale, credit=credit))
    return specs


REWARDS = st.lists(st.integers(-8, 8).map(lambda n: n / 4), min_size=1, max_size=4)
GROUPS = st.lists(st.lists(REWARDS, min_size=1, max_size=5), min_size=1, max_size=4)
COMPARING = ("group_mean", "leave_one_out", "batch_mean")
GREEDY = {f"group-{n}": n / 2 for n in range(4)}


def those(which: Callable[[AdvantageSpec], bool]) -> st.SearchStrategy[AdvantageSpec]:
    """Draw from the specs without BNPO's scale, which no shift and no factor leaves alone."""
    return st.sampled_from([spec for spec in possible() if spec.scale != "beta" and which(spec)])


def batch_of(groups: list[list[list[float]]]) -> list[Trajectory]:
    return [
        Trajectory(f"{group}-{number}", f"group-{group}", tuple(rewards))
        for group, episodes in enumerate(groups)
        for number, rewards in enumerate(episodes)
    ]


def shifted(batch: list[Trajectory], by: float) -> list[Trajectory]:
    """Return the batch with more reward at each episode's last turn."""
    return [
        Trajectory(one.episode_id, one.group_id, (*one.rewards[:-1], one.rewards[-1] + by))
        for one in batch
    ]


def flat(numbers: dict[str, tuple[float, ...]]) -> list[float]:
    return [number for name in sorted(numbers) for number in numbers[name]]


@settings(deadline=None)
@given(groups=GROUPS, scale=st.sampled_from(["none", "group_std"]))
def test_the_advantages_of_a_group_add_up_to_zero(
    groups: list[list[list[float]]], scale: Any
) -> None:
    batch = batch_of(groups)
    numbers = turn_advantages(AdvantageSpec(baseline="group_mean", scale=scale), batch)
    for group in {one.group_id for one in batch}:
        own = [numbers[one.episode_id][0] for one in batch if one.group_id == group]
        assert sum(own) == pytest.approx(0, abs=1e-9)


@settings(deadline=None)
@given(groups=GROUPS, by=st.floats(-50, 50), spec=those(lambda s: s.baseline in COMPARING))
def test_more_reward_for_all_changes_nothing_but_without_a_baseline(
    groups: list[list[list[float]]], by: float, spec: AdvantageSpec
) -> None:
    spec = spec.model_copy(update={"credit": "episode"})  # with turns a shift moves them all
    batch = batch_of(groups)
    before, after = turn_advantages(spec, batch), turn_advantages(spec, shifted(batch, by))
    assert flat(after) == pytest.approx(flat(before), abs=1e-5)


@settings(deadline=None)
@given(groups=GROUPS, times=st.floats(0.5, 50), spec=those(lambda s: True))
def test_advantages_grow_with_the_rewards_unless_they_are_divided(
    groups: list[list[list[float]]], times: float, spec: AdvantageSpec
) -> None:
    batch = batch_of(groups)
    more = [
        Trajectory(one.episode_id, one.group_id, tuple(times * r for r in one.rewards))
        for one in batch
    ]
    before = turn_advantages(spec, batch, GREEDY)
    after = turn_advantages(spec, more, {group: times * r for group, r in GREEDY.items()})
    factor = times if spec.scale == "none" else 1.0
    expected = [factor * number for number in flat(before)]
    assert flat(after) == pytest.approx(expected, rel=1e-3, abs=1e-6)


@settings(deadline=None)
@given(groups=GROUPS, spec=st.sampled_from(possible()), seed=st.integers(0, 99))
def test_an_episodes_numbers_are_found_by_its_id_and_not_by_its_place(
    groups: list[list[list[float]]], spec: AdvantageSpec, seed: int
) -> None:
    batch = batch_of(groups)
    mixed = random.Random(seed).sample(batch, len(batch))
    expected = turn_advantages(spec, batch, GREEDY)
    numbers = turn_advantages(spec, mixed, GREEDY)
    assert {name: len(row) for name, row in numbers.items()} == {
        one.episode_id: len(one.rewards) for one in batch
    }
    assert flat(numbers) == pytest.approx(flat(expected), abs=1e-6)


@settings(deadline=None)
@given(groups=GROUPS, spec=those(lambda s: s.credit == "episode"))
def test_with_credit_episode_all_turns_share_their_number(
    groups: list[list[list[float]]], spec: AdvantageSpec
) -> None:
    numbers = turn_advantages(spec, batch_of(groups), GREEDY)
    assert all(len(set(row)) == 1 for row in numbers.values())


@settings(deadline=None)
@given(groups=GROUPS, spec=those(lambda s: s.credit == "turn"))
def test_in_episodes_of_one_turn_credit_makes_no_difference(
    groups: list[list[list[float]]], spec: AdvantageSpec
) -> None:
    batch = batch_of([[rewards[:1] for rewards in episodes] for episodes in groups])
    by_episode = spec.model_copy(update={"credit": "episode"})
    assert turn_advantages(spec, batch) == turn_advantages(by_episode, batch)


@settings(deadline=None)
@given(groups=GROUPS)
def test_leaving_an_episode_out_is_the_group_mean_stretched(
    groups: list[list[list[float]]],
) -> None:
    batch = batch_of(groups)
    size = {one.episode_id: len(groups[int(one.group_id[6:])]) for one in batch}
    for credit in ("episode", "turn"):
        mean, out = (
            turn_advantages(AdvantageSpec(baseline=baseline, credit=credit), batch)
            for baseline in ("group_mean", "leave_one_out")
        )
        for name, row in out.items():
            n = size[name]
            assert [(n - 1) / n * number for number in row] == pytest.approx(
                [number if n > 1 else 0.0 for number in mean[name]], abs=1e-9
            )


@pytest.mark.parametrize("spec", [one for one in possible() if one.needs_group], ids=str)
def test_an_episode_without_others_teaches_nothing(spec: AdvantageSpec) -> None:
    batch = [*batch_of([[[1.0], [0.0, 2.0]]]), Trajectory("alone", "group-1", (7.0, 1.0))]
    assert turn_advantages(spec, batch, GREEDY)["alone"] == (0, 0)


@pytest.mark.parametrize("spec", possible(), ids=str)
def test_an_empty_batch_has_no_advantages(spec: AdvantageSpec) -> None:
    assert turn_advantages(spec, [], {}) == {}

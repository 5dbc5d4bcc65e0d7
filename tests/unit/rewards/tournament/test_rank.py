"""Ranking a group by any scheme."""

import asyncio
import math
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Episode, Status, StopReason
from agentrl.errors import UsageError
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.tournament.comparison import Compare, Comparison
from agentrl.rewards.tournament.rank import rank_group
from agentrl.rewards.tournament.ranking import Ranking
from agentrl.suite.reward.tournament import Scheme

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
FULL_FIELDS = st.lists(st.integers(0, 99), min_size=1, max_size=20)


def episode(name: str) -> Episode:
    return Episode(name, "task", "task#0", 0, "agent", Status.OK, StopReason.TERMINATED)


def group(count: int) -> list[Episode]:
    return [episode(f"e{number:02}") for number in range(count)]


def by_value(value: Callable[[str], float], *, graded: bool = False) -> Compare:
    """Compare without error: 1 to 0 for the better one, or each one's value itself."""

    async def ask(first: Episode, second: Episode) -> Comparison:
        one, two = value(first.id), value(second.id)
        if graded:
            return Comparison(one, two)
        return (
            Comparison(0.5, 0.5) if one == two else Comparison(float(one > two), float(two > one))
        )

    return Compare(ask, both_orders=False)


def strength(name: str) -> float:
    return float(name[1:])


def rank(
    episodes: list[Episode], compare: Compare, scheme: Scheme = "round_robin", seed: int = 0
) -> Ranking:
    return asyncio.run(rank_group(episodes, compare, scheme, seed))


def ranks(ranking: Ranking) -> dict[str, float]:
    return {name: place.rank for name, place in ranking.places.items()}


@pytest.mark.parametrize("count", range(1, 34))
def test_single_elimination_takes_twice_n_minus_1_matches(count: int) -> None:
    ranking = rank(group(count), by_value(strength), "single_elimination")

    assert ranking.matches == 2 * (count - 1)
    assert ranking.comparisons == 2 * (count - 1)


@pytest.mark.parametrize("count", range(1, 34))
def test_the_other_schemes_take_as_many_matches_as_they_say(count: int) -> None:
    rounds = math.ceil(math.log2(count))
    wanted = {
        "swiss": min(rounds, count - 1) * (count // 2),
        "round_robin": count * (count - 1) // 2,
        "anchor": count - 1,
        "bootstrapped_reference": count - 1,
    }
    played = {
        scheme: rank(group(count), by_value(strength), scheme).matches
        for scheme in SCHEMES
        if scheme in wanted
    }

    assert played == wanted


@pytest.mark.parametrize("count", range(1, 34))
@pytest.mark.parametrize("seed", [0, 1])
def test_double_elimination_takes_twice_n_minus_1_matches_or_one_more(
    count: int, seed: int
) -> None:
    played = rank(group(count), by_value(strength), "double_elimination", seed).matches

    assert played - 2 * (count - 1) in ((0, 1) if count > 1 else (0,))


def test_asking_both_orders_takes_two_comparisons_a_match() -> None:
    compare = Compare(by_value(strength).ask, both_orders=True)

    ranking = rank(group(8), compare, "single_elimination")

    assert (ranking.matches, ranking.comparisons) == (14, 28)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(
    values=st.lists(st.integers(0, 999), min_size=1, max_size=20, unique=True), seed=st.integers()
)
def test_without_error_every_scheme_puts_nobody_before_the_best(
    scheme: Scheme, values: list[int], seed: int
) -> None:
    players = [episode(f"e{value}") for value in values]

    ranking = rank(players, by_value(strength, graded=True), scheme, seed)

    best = f"e{max(values)}"
    assert ranking.places[best].rank == min(ranks(ranking).values())
    if scheme != "bootstrapped_reference":  # it knows only better and worse than one
        assert ranking.places[best].rank == 0


@pytest.mark.parametrize(
    "scheme", ["single_elimination", "double_elimination", "swiss", "round_robin"]
)
@given(
    values=st.lists(st.integers(0, 999), min_size=1, max_size=20, unique=True), seed=st.integers()
)
def test_who_wins_every_match_is_alone_at_the_top(
    scheme: Scheme, values: list[int], seed: int
) -> None:
    players = [episode(f"e{value}") for value in values]

    ranking = rank(players, by_value(strength), scheme, seed)

    assert ranking.places[f"e{max(values)}"].rank == 0


@given(values=st.lists(st.integers(0, 999), min_size=1, max_size=20, unique=True))
def test_round_robin_gives_the_whole_order(values: list[int]) -> None:
    ranking = rank([episode(f"e{value}") for value in values], by_value(strength))

    wanted = {f"e{value}": float(at) for at, value in enumerate(sorted(values, reverse=True))}
    assert ranks(ranking) == wanted


@pytest.mark.parametrize("scheme", SCHEMES)
@given(values=FULL_FIELDS, seed=st.integers(0, 9))
def test_ranks_are_a_permutation_in_which_equals_share_their_mean(
    scheme: Scheme, values: list[int], seed: int
) -> None:
    players = [episode(f"{number}") for number in range(len(values))]
    compare = by_value(lambda name: values[int(name)])

    ranking = rank(players, compare, scheme, seed)

    shared: dict[float, int] = {}
    for place in ranks(ranking).values():
        shared[place] = shared.get(place, 0) + 1
    slots = [place + at - (count - 1) / 2 for place, count in shared.items() for at in range(count)]
    assert sorted(slots) == list(range(len(values)))
    assert not ranking.unplaced


@pytest.mark.parametrize("scheme", SCHEMES)
@given(values=FULL_FIELDS, data=st.data())
def test_the_order_in_which_episodes_are_given_makes_no_difference(
    scheme: Scheme, values: list[int], data: st.DataObject
) -> None:
    players = [episode(f"{number}") for number in range(len(values))]
    compare = by_value(lambda name: values[int(name)])

    assert rank(players, compare, scheme) == rank(
        data.draw(st.permutations(players)), compare, scheme
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_seed_gives_the_same_ranking(scheme: Scheme) -> None:
    compare = by_value(lambda name: strength(name) % 5)

    assert rank(group(13), compare, scheme, 7) == rank(group(13), compare, scheme, 7)


def test_another_seed_draws_another_reference() -> None:
    references = set()
    for seed in range(10):
        ranking = rank(group(6), by_value(strength), "bootstrapped_reference", seed)
        references |= {n for n, place in ranking.places.items() if place.points == 0}

    assert len(references) > 1


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("count", [3, 5, 8, 12])
def test_a_comparison_that_goes_round_in_a_circle_comes_to_an_end(
    scheme: Scheme, count: int
) -> None:
    async def circle(first: Episode, second: Episode) -> Comparison:
        wins = (strength(first.id) - strength(second.id)) % 3 == 1
        return Comparison(float(wins), float(not wins))

    ranking = rank(group(count), Compare(circle), scheme)

    assert len(ranking.places) == count


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_episode_alone_is_in_the_middle(scheme: Scheme) -> None:
    ranking = rank(group(1), by_value(strength), scheme)

    place = ranking.places["e00"]
    assert (place.rank, place.reward, ranking.matches) == (0.0, 0.5, 0)


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s != "bootstrapped_reference"])
def test_of_two_episodes_the_better_gets_1_and_the_other_0(scheme: Scheme) -> None:
    places = rank(group(2), by_value(strength), scheme).places

    assert (places["e01"].reward, places["e00"].reward) == (1.0, 0.0)


def test_equals_share_the_reward_of_their_mean_rank() -> None:
    values = {"a": 3.0, "b": 1.0, "c": 1.0, "d": 0.0}

    places = rank([episode(name) for name in values], by_value(values.__getitem__)).places

    # ranks 0, (1 + 2) / 2, (1 + 2) / 2, 3 of 4: 1 - 1.5 / 3 = 0.5
    assert {name: place.reward for name, place in places.items()} == {
        "a": 1.0,
        "b": 0.5,
        "c": 0.5,
        "d": 0.0,
    }


def test_the_bootstrapped_reference_gives_one_point_for_better_and_takes_one_for_worse() -> None:
    places = rank(group(5), by_value(strength), "bootstrapped_reference").places

    reference = next(n for n, place in places.items() if place.points == 0)
    points = {name: place.points for name, place in places.items() if name != reference}
    assert points == {n: 1.0 if strength(n) > strength(reference) else -1.0 for n in points}


def test_points_of_both_orders_are_summed_so_that_the_place_does_not_pay() -> None:
    async def prefers_the_first(first: Episode, second: Episode) -> Comparison:
        return Comparison(0.9, 0.1)

    places = rank(group(4), Compare(prefers_the_first)).places

    assert {place.rank for place in places.values()} == {1.5}
    assert {place.points for place in places.values()} == {1.0}


def test_it_is_counted_how_often_the_two_orders_name_different_winners() -> None:
    async def half_blind(first: Episode, second: Episode) -> Comparison:
        if "e00" in (first.id, second.id):
            return Comparison(strength(first.id), strength(second.id))
        return Comparison(0.9, 0.1)

    ranking = rank(group(4), Compare(half_blind))

    assert (ranking.matches, ranking.contradictions) == (6, 3)


class Fails:
    """A comparison that gives no result for some pairs, the first time or always."""

    def __init__(self, when: Callable[[str, str], bool], times: float = math.inf) -> None:
        self._when, self._times = when, times
        self._failed: dict[tuple[str, str], int] = {}

    async def __call__(self, first: Episode, second: Episode) -> Comparison:
        pair = (first.id, second.id)
        failed = self._failed.get(pair, 0)
        if self._when(*pair) and failed < self._times:
            self._failed[pair] = failed + 1
            raise JudgeError("it answered nonsense")
        return await by_value(strength).ask(first, second)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_comparison_that_fails_once_is_made_again(scheme: Scheme) -> None:
    flaky = Compare(Fails(lambda *_: True, times=1))
    solid = Compare(by_value(strength).ask)

    once, never = rank(group(7), flaky, scheme), rank(group(7), solid, scheme)

    assert once.places == never.places
    assert once.comparisons > never.comparisons


@pytest.mark.parametrize("scheme", SCHEMES)
def test_where_one_order_has_no_result_the_other_decides(scheme: Scheme) -> None:
    one_way = Compare(Fails(lambda first, second: first < second))

    got = rank(group(7), one_way, scheme)

    assert got.places == rank(group(7), Compare(by_value(strength).ask), scheme).places


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_episode_that_cannot_be_compared_has_no_place_and_the_others_have(
    scheme: Scheme, seed: int
) -> None:
    ranking = rank(group(7), Compare(Fails(lambda *pair: "e03" in pair)), scheme, seed)

    assert "could not be compared: it answered nonsense" in ranking.unplaced["e03"]
    assert "e03" not in ranking.places
    if scheme != "swiss":  # its few rounds may leave others without a match as well
        assert sorted(ranking.places) == [f"e0{n}" for n in (0, 1, 2, 4, 5, 6)]
        assert ranking.places["e06"].rank == min(ranks(ranking).values())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("count", [2, 6, 7])
def test_where_nothing_can_be_compared_nobody_has_a_place(scheme: Scheme, count: int) -> None:
    ranking = rank(group(count), Compare(Fails(lambda *_: True)), scheme)

    assert ranking.places == {}
    assert len(ranking.unplaced) == count


def test_an_empty_group_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one episode"):
        rank([], by_value(strength))


def test_two_episodes_of_one_id_are_refused() -> None:
    with pytest.raises(UsageError, match="two episodes of the group have the id 'e00'"):
        rank([episode("e00"), episode("e00")], by_value(strength))


def test_points_that_are_no_number_are_refused() -> None:
    with pytest.raises(ValueError, match="points are finite numbers"):
        Comparison(math.nan, 0.0)

"""What the single checks of a turn weigh."""

import json
import math
from itertools import chain, combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.rewards.checks import (
    RunningRates,
    amplified_tiers,
    difficulty_weights,
    inaction,
    inverse_rate_weights,
    over_enumeration,
    pass_rates,
    recall,
    set_score,
    static_weights,
    tiered,
    weighted_score,
)

shares = st.floats(0, 1)
rates = st.dictionaries(st.text(max_size=3), shares, max_size=8)
subsets = st.sets(st.integers(0, 9))


def test_a_turn_earns_the_weights_of_what_it_passes() -> None:
    assert weighted_score({"a": 1.0, "b": 0.0, "c": 0.5}, {"a": 2.0, "b": 4.0, "c": 1.0}) == 2.5
    assert weighted_score({"unknown": 1.0}, {"a": 1.0}) == 0.0
    assert weighted_score({}, {}) == 0.0


def test_rates_are_means_over_the_rows_that_state_a_check() -> None:
    rows = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 0.5}, {"a": 1.0}]

    assert pass_rates(rows) == {"a": pytest.approx(2 / 3), "b": 0.25}
    assert pass_rates([]) == {}


def test_weights_are_verpos_by_hand() -> None:
    # Two tests that all pass, one that nobody does; sigma so small that unlike rates do not meet.
    weights = inverse_rate_weights({"a": 1.0, "b": 1.0, "c": 0.0}, alpha=2, sigma=0.01, delta=0.5)

    assert weights["a"] == weights["b"] == pytest.approx(math.exp(-2) / 2.5)
    assert weights["c"] == pytest.approx(1 / 1.5)


def test_near_rates_crowd_each_other_by_a_gaussian() -> None:
    weights = inverse_rate_weights({"a": 0.5, "b": 0.7}, alpha=1, sigma=0.2, delta=0)

    crowd = 1 + math.exp(-0.5)  # one standard deviation apart
    assert weights["a"] == pytest.approx(math.exp(-0.5) / crowd)
    assert weights["b"] == pytest.approx(math.exp(-0.7) / crowd)


@given(rates, st.floats(0, 20), st.floats(0.001, 10), st.floats(0, 10))
def test_weights_are_positive_and_at_most_one(
    given_rates: dict[str, float], alpha: float, sigma: float, delta: float
) -> None:
    weights = inverse_rate_weights(given_rates, alpha=alpha, sigma=sigma, delta=delta)

    assert weights.keys() == given_rates.keys()
    assert all(0 < weight <= 1 for weight in weights.values())


@given(rates)
def test_normalised_weights_sum_to_one(given_rates: dict[str, float]) -> None:
    weights = inverse_rate_weights(given_rates, normalise=True)

    assert sum(weights.values()) == pytest.approx(1.0 if given_rates else 0.0)


@given(shares, shares)
def test_of_two_checks_the_harder_weighs_more(one: float, other: float) -> None:
    weights = inverse_rate_weights({"one": one, "other": other})

    assert (weights["one"] >= weights["other"]) or one > other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rates": {"a": 1.5}}, "the rate of 'a' is 1.5, expected 0 to 1"),
        ({"rates": {"a": math.nan}}, "expected 0 to 1"),
        ({"rates": {}, "sigma": 0.0}, "sigma above 0"),
        ({"rates": {}, "alpha": -1.0}, "alpha and delta of at least 0"),
        ({"rates": {}, "delta": math.nan}, "delta nan"),
    ],
)
def test_parameters_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        inverse_rate_weights(**arguments)


def test_running_rates_go_on_where_a_checkpoint_left_them() -> None:
    before = RunningRates().update([{"a": 1.0}, {"a": 0.0, "b": 1.0}])
    plain = json.loads(json.dumps(before.to_plain()))

    after = RunningRates.from_plain(plain).update([{"a": 1.0}])

    assert before.rates() == {"a": 0.5, "b": 1.0}
    assert after.rates() == {"a": pytest.approx(2 / 3), "b": 1.0}


def test_old_rates_can_fade() -> None:
    faded = RunningRates().update([{"a": 0.0}]).update([{"a": 1.0}], keep=0.5)

    assert faded.rates() == {"a": pytest.approx(1 / 1.5)}
    assert RunningRates().update([{"a": 0.0}]).update([], keep=0.0).rates() == {}
    with pytest.raises(UsageError, match="keep is 2, expected 0 to 1"):
        faded.update([], keep=2)


@pytest.mark.parametrize("plain", [{}, {"passed": 1, "stated": 2}, {"passed": {"a": "x"}}, []])
def test_what_are_no_running_rates_is_refused(plain: Any) -> None:
    with pytest.raises(UsageError, match="expected 'passed' and 'stated'"):
        RunningRates.from_plain(plain)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), shares)), st.integers(0, 5))
def test_rates_do_not_depend_on_how_rows_are_split(rows: list[dict[str, float]], cut: int) -> None:
    split = RunningRates().update(rows[:cut]).update(rows[cut:]).rates()

    assert split == pytest.approx(pass_rates(rows))
    assert all(0 <= rate <= 1 for rate in split.values())


def test_details_weigh_by_the_difficulty_of_their_task() -> None:
    table = {"map/hard": 1.5, "question/easy": 0.5}

    assert difficulty_weights(["x", "y"], ["map/hard", "question/easy"], table) == {
        "x": 2.0,
        "y": 2.0,
    }
    assert difficulty_weights(["x"], [], table) == {"x": 0.0}
    with pytest.raises(UsageError, match=r"did you mean map/hard\?"):
        difficulty_weights(["x"], ["map/hrad"], table)


def test_static_weights_share_one_or_stand_as_given() -> None:
    assert static_weights(["a", "b"], {"a": 3.0}) == {"a": 0.75, "b": 0.25}
    assert static_weights(["a"], {"a": 3.0}, normalise=False) == {"a": 3.0}
    assert static_weights(["a"], {"a": 0.0}) == {"a": 0.0}
    assert static_weights([]) == {}
    with pytest.raises(UsageError, match="the weight of 'a' is -1"):
        static_weights(["a"], {"a": -1.0})


def test_four_tiers_double_their_steps() -> None:
    tiers = amplified_tiers(4, 2)

    assert tiers == ((0.25, 1 / 15), (0.5, 3 / 15), (0.75, 7 / 15), (1.0, 1.0))
    assert [tiered(score, tiers) for score in (0.0, 0.24, 0.25, 0.8, 1.0)] == [
        0.0,
        0.0,
        1 / 15,
        7 / 15,
        1.0,
    ]
    assert [tiered(score, amplified_tiers(1)) for score in (0.99, 1.0)] == [0.0, 1.0]


@given(shares, shares, st.integers(1, 12), st.floats(1, 8))
def test_tiers_keep_the_order_of_scores_and_amplify(
    one: float, other: float, count: int, ratio: float
) -> None:
    tiers = amplified_tiers(count, ratio)
    low, high = sorted((one, other))

    assert 0 <= tiered(low, tiers) <= tiered(high, tiers) <= 1
    heights = [0.0, *(height for _, height in tiers)]
    steps = [b - a for a, b in pairwise(heights)]
    assert all(b >= a - 1e-12 for a, b in pairwise(steps))


def test_tiers_that_do_not_rise_are_refused() -> None:
    for tiers in ([(0.5, 1.0), (0.5, 2.0)], [(0.2, 1.0), (0.5, 0.5)], [(0.5, -1.0)]):
        with pytest.raises(UsageError, match="do not rise"):
            tiered(0.7, tiers)
    with pytest.raises(UsageError, match="not a number"):
        tiered(math.nan, [])
    with pytest.raises(UsageError, match="0 tiers"):
        amplified_tiers(0)


def test_penalties_of_a_set_by_hand() -> None:
    options = "abcdef"

    assert set_score("ab", "ab", options) == 1.0
    assert set_score("a", "ab", options) == 0.5
    assert over_enumeration("abc", "ab", options) == 0.25
    assert set_score("abc", "ab", options) == 0.75
    assert set_score(options, "ab", options) == 0.0
    assert inaction("", "ab") == 1.0
    assert set_score("", "ab", options) == -1.0
    assert set_score("", "", options) == 1.0
    assert set_score(options, "", options) == -1.0
    assert set_score("a", "", options) == pytest.approx(-1 / 6)


def test_without_a_list_of_options_wrong_ones_count_against_right_ones() -> None:
    assert over_enumeration("abcx", "abcd") == 0.25
    assert over_enumeration("uvwxyz", "ab") == 1.0
    assert set_score("abuvwxyz", "ab") == 0.0


@given(subsets, subsets)
def test_what_a_set_is_worth_is_bounded(chosen: set[int], reference: set[int]) -> None:
    for universe in (None, range(10)):
        assert 0 <= over_enumeration(chosen, reference, universe) <= 1
        assert -1 <= set_score(chosen, reference, universe) <= 1
        assert (set_score(chosen, reference, universe) == 1) == (chosen == reference)


@given(subsets, st.floats(1, 5), st.floats(1, 5))
def test_neither_everything_nor_nothing_pays(
    reference: set[int], enumeration: float, idle: float
) -> None:
    weights = {"enumeration_weight": enumeration, "inaction_weight": idle}

    if len(reference) < 10:
        assert set_score(range(10), reference, range(10), **weights) <= 0
    if reference:
        assert set_score(set(), reference, range(10), **weights) < 0


@given(subsets, subsets, st.integers(0, 9))
def test_a_wrong_one_more_never_raises_the_worth_of_a_choice(
    chosen: set[int], reference: set[int], more: int
) -> None:
    if chosen and more not in reference:
        for universe in (None, range(10)):
            assert set_score(chosen | {more}, reference, universe) <= set_score(
                chosen, reference, universe
            )


@given(st.sets(st.integers(0, 4), min_size=1, max_size=4))
def test_guessing_at_random_earns_nothing_on_average(reference: set[int]) -> None:
    options = range(5)
    choices = [*chain.from_iterable(combinations(options, n) for n in range(6))]

    mean = sum(recall(c, reference) - over_enumeration(c, reference, options) for c in choices)

    assert mean == pytest.approx(0.0)

import math
import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.runs.stats import (
    cluster_bootstrap,
    mean,
    paired_bootstrap,
    paired_difference,
    pass_at_k,
    pass_hat_k,
    wilson_interval,
)

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
attempts = st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)
clusters = st.dictionaries(
    st.text(max_size=3),
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=4),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # p=1/2, n=10, z=1.959964: centre 0.5, reach z/sqrt(n+z^2)/2 = 0.26340
        (5, 10, 0.23659, 0.76341),
        # p=1: low = n/(n+z^2) = 20/23.84146
        (20, 20, 0.83888, 1.0),
        # p=0: high = z^2/(n+z^2) = 3.84146/4.84146
        (0, 1, 0.0, 0.79345),
    ],
)
def test_the_wilson_interval_is_what_the_formula_gives_by_hand(
    successes: int, n: int, low: float, high: float
) -> None:
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=1e-5)


@given(counts)
def test_a_wilson_interval_holds_the_rate_and_mirrors_failures(count: tuple[int, int]) -> None:
    successes, n = count
    low, high = wilson_interval(successes, n)
    mirrored = wilson_interval(n - successes, n)

    assert 0 <= low <= successes / n <= high <= 1
    assert low < high
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_a_rate_of_nothing_or_of_too_much_is_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=rf"got {successes} successes of {n}"):
        wilson_interval(successes, n)


def test_the_bootstrap_of_two_tasks_spans_both() -> None:
    """Of two tasks a sample draws one of them twice with chance 1/4 each: far above 2.5%."""
    assert cluster_bootstrap({"a": [0.0, 0.0], "b": [1.0]}) == (0.0, 1.0)


def test_the_bootstrap_agrees_with_the_normal_approximation_for_many_tasks() -> None:
    dice = random.Random(1)
    values = {str(i): [dice.gauss(3, 2)] for i in range(400)}
    low, high = cluster_bootstrap(values)
    centre = mean(value for [value] in values.values())
    spread = math.sqrt(sum((v - centre) ** 2 for [v] in values.values())) / 400

    assert low == pytest.approx(centre - 1.96 * spread, abs=0.03)
    assert high == pytest.approx(centre + 1.96 * spread, abs=0.03)


def test_repeating_every_attempt_tells_nothing_new() -> None:
    once = {str(i): [float(i % 3 == 0)] for i in range(30)}
    copied = {task: values * 5 for task, values in once.items()}

    assert cluster_bootstrap(copied) == pytest.approx(cluster_bootstrap(once))


def test_many_tasks_are_drawn_in_parts_and_give_the_same_numbers_again() -> None:
    values = {str(i): [float(i % 2)] for i in range(5_000)}
    low, high = cluster_bootstrap(values, resamples=1_000)

    assert low < 0.5 < high
    assert cluster_bootstrap(values, resamples=1_000) == (low, high)


@given(clusters)
def test_a_bootstrap_interval_stays_between_the_extremes(values: dict[str, list[float]]) -> None:
    low, high = cluster_bootstrap(values, resamples=200)
    means = [mean(attempts) for attempts in values.values()]

    assert min(means) - 1e-9 <= low <= high <= max(means) + 1e-9


@pytest.mark.parametrize("values", [{}, {"a": [1.0], "b": []}])
def test_a_bootstrap_of_nothing_is_refused(values: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match="at least one task"):
        cluster_bootstrap(values)


def test_a_paired_difference_weighs_common_tasks_alike() -> None:
    baseline = {"a": [0.0, 1.0], "b": [0.0], "only here": [1.0]}
    other = {"a": [1.0], "b": [0.0, 0.0], "only there": [0.0]}

    assert paired_difference(baseline, other) == pytest.approx((0.5 + 0.0) / 2)


def test_pairing_removes_what_makes_a_task_hard_for_both() -> None:
    baseline = {str(i): [float(i % 2)] for i in range(40)}
    other = {task: [value + 0.25] for task, [value] in baseline.items()}

    assert paired_bootstrap(baseline, other) == pytest.approx((0.25, 0.25))
    assert cluster_bootstrap(baseline).high > cluster_bootstrap(other).low


@given(clusters, clusters)
def test_swapping_the_runs_flips_the_difference(
    one: dict[str, list[float]], two: dict[str, list[float]]
) -> None:
    if not one.keys() & two.keys():
        with pytest.raises(ValueError, match="no task is common"):
            paired_difference(one, two)
        return
    assert paired_difference(one, two) == pytest.approx(-paired_difference(two, one))


@given(attempts)
def test_pass_at_k_is_the_share_of_subsets_with_a_success(counted: tuple[int, int, int]) -> None:
    """Counted one by one: the definition, without its closed form."""
    n, c, k = counted
    subsets = list(combinations([True] * c + [False] * (n - c), k))

    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))
    assert pass_hat_k(n, c, k) == pytest.approx(sum(map(all, subsets)) / len(subsets))


@given(attempts)
def test_one_attempt_makes_both_the_plain_rate(counted: tuple[int, int, int]) -> None:
    n, c, _ = counted

    assert pass_at_k(n, c, 1) == pytest.approx(c / n)
    assert pass_hat_k(n, c, 1) == pytest.approx(c / n)


@pytest.mark.parametrize(("n", "c", "k"), [(0, 0, 1), (3, 4, 1), (3, 1, 4), (3, 1, 0), (3, -1, 1)])
def test_counts_that_cannot_be_are_refused(n: int, c: int, k: int) -> None:
    for estimator in (pass_at_k, pass_hat_k):
        with pytest.raises(ValueError, match=f"got n={n}, c={c}, k={k}"):
            estimator(n, c, k)


def test_the_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        mean([])

import math
import random
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.rewards.diagnose.trend import trend


def test_a_trend_by_hand() -> None:
    # pairs of 1, 2, 3, 2: four rise, one falls, one ties, so S = 3
    found = trend([1.0, 2.0, 3.0, 2.0])
    variance = (4 * 3 * 13 - 2 * 1 * 9) / 18  # Kendall's, with one tie of two

    assert found.tau == pytest.approx(3 / math.sqrt(6 * 5))
    assert found.p_rise == pytest.approx(1 - NormalDist().cdf(2 / math.sqrt(variance)))
    assert found.p_fall == pytest.approx(NormalDist().cdf(4 / math.sqrt(variance)))
    assert found.slope == pytest.approx((1 / 3 + 1) / 2)  # slopes -1, 0, 1/3, 1, 1, 1


@pytest.fixture(scope="module")
def stats() -> Any:
    """What SciPy says, where it is installed."""
    return pytest.importorskip("scipy.stats")


@settings(deadline=None)
@given(values=st.lists(st.integers(-5, 5).map(float), min_size=3, max_size=30))
def test_tau_and_slope_agree_with_scipy(stats: Any, values: list[float]) -> None:
    found, times = trend(values), list(range(len(values)))

    if len(set(values)) > 1:
        assert found.tau == pytest.approx(stats.kendalltau(times, values)[0])
    assert found.slope == pytest.approx(stats.theilslopes(values, times)[0])


@given(st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=30))
def test_upside_down_a_rise_is_a_fall(values: list[float]) -> None:
    up, down = trend(values), trend([-value for value in values])

    assert up.tau == pytest.approx(-down.tau)
    assert up.p_rise == pytest.approx(down.p_fall)
    assert up.slope == pytest.approx(-down.slope)


def test_what_never_changes_has_no_trend() -> None:
    found = trend([2.0] * 10)

    assert (found.tau, found.slope, found.p_rise, found.p_fall) == (0.0, 0.0, 1.0, 1.0)


def test_one_wild_value_hardly_moves_the_slope() -> None:
    values = [0.1 * n for n in range(20)]

    assert trend([*values[:-1], 1e9]).slope == pytest.approx(0.1)
    assert trend([1e9, *values[1:]]).p_rise < 0.001


def test_chance_alone_looks_like_a_rise_about_as_often_as_it_says() -> None:
    drawn = random.Random(1)
    rises = sum(trend([drawn.random() for _ in range(20)]).p_rise < 0.05 for _ in range(1000))

    assert 25 <= rises <= 75


def test_one_value_is_no_row() -> None:
    with pytest.raises(ValueError, match="at least two values, got 1"):
        trend([1.0])

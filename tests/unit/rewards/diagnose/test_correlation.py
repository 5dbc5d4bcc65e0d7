import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.rewards.diagnose.correlation import (
    centred,
    correlation,
    pearson,
    ranks,
    spearman,
)

NUMBERS = st.lists(
    st.tuples(st.integers(-50, 50).map(float), st.integers(-50, 50).map(float)), min_size=1
)


def test_pearson_by_hand() -> None:
    # means 2 and 13/3; products 7/3 + 0 + 8/3 = 5; squares 2 and 114/9
    assert pearson([1, 2, 3], [2, 4, 7]) == pytest.approx(5 / math.sqrt(2 * 114 / 9))


def test_spearman_by_hand_with_a_tie() -> None:
    # ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4; 1 - 6 * 0.5 / 60 holds without ties only
    left, right = [0.0, 5.0, 5.0, 9.0], [1.0, 2.0, 3.0, 4.0]

    assert ranks(left) == [1.0, 2.5, 2.5, 4.0]
    assert spearman(left, right) == pytest.approx(4.5 / math.sqrt(4.5 * 5))


@pytest.fixture(scope="module")
def stats() -> Any:
    """What SciPy says, where it is installed."""
    return pytest.importorskip("scipy.stats")


@settings(deadline=None)
@given(rows=NUMBERS)
def test_both_agree_with_scipy_wherever_they_are_defined(
    stats: Any, rows: list[tuple[float, float]]
) -> None:
    left, right = [a for a, _ in rows], [b for _, b in rows]
    if len(set(left)) < 2 or len(set(right)) < 2:
        assert pearson(left, right) is None
        assert spearman(left, right) is None
    else:
        assert pearson(left, right) == pytest.approx(stats.pearsonr(left, right)[0], abs=1e-9)
        assert spearman(left, right) == pytest.approx(stats.spearmanr(left, right)[0], abs=1e-9)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0], [1e15, 1e15 + 1e-3]])
def test_what_does_not_vary_has_no_correlation(values: list[float]) -> None:
    other = list(map(float, range(len(values))))

    assert pearson(values, other) is None
    assert spearman(values, other) is None


def test_inside_groups_it_does_not_count_that_easy_tasks_pay_more() -> None:
    # across tasks reward and outcome rise together, inside each task they are opposed
    rows = [("hard", 0.0, 0.1), ("hard", 0.1, 0.0), ("easy", 5.0, 1.0), ("easy", 5.1, 0.9)]
    found = correlation(rows)

    assert found.pearson is not None
    assert found.pearson > 0.9
    assert found.within == pytest.approx(-1.0)
    assert found.n == 4


def test_rows_that_lack_a_side_are_passed_over() -> None:
    found = correlation([("g", 1.0, None), ("g", None, 1.0), ("g", 1.0, 0.0), ("g", 2.0, 1.0)])

    assert found.n == 2
    assert found.pearson == pytest.approx(1.0)


@given(st.floats(-1e12, 1e12).filter(lambda x: abs(x) > 1e-6), st.integers(1, 9), st.integers(1, 9))
def test_equal_values_of_any_size_are_centred_to_nothing(value: float, m: int, n: int) -> None:
    groups = ["a"] * m + ["b"] * n

    assert centred([value] * (m + n), groups) == [0.0] * (m + n)

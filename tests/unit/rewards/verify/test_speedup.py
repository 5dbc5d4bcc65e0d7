"""How much faster a program is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.rewards.verify.speedup import is_optimised, speedup

seconds = st.floats(0, 1e6)


def test_a_speedup_is_reference_over_own_time() -> None:
    assert speedup(3.0, 2.0, passed=True) == 1.5
    assert speedup(3.0, 2.0, passed=False) == 0.0
    assert speedup(3.0, 0.01, passed=True) == 10.0
    assert speedup(3.0, 0.01, passed=True, most=500) == 300.0
    assert speedup(0.0, 0.0, passed=True) == 1.0


def test_a_tenth_faster_is_optimised() -> None:
    assert [is_optimised(ratio) for ratio in (0.0, 1.0, 1.1, 2.0)] == [False, False, True, True]


@given(seconds, seconds, seconds)
def test_faster_is_never_worth_less(reference: float, one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert 0 < speedup(reference, high, passed=True) <= speedup(reference, low, passed=True) <= 10


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_times_that_are_none_are_refused(bad: float) -> None:
    with pytest.raises(UsageError, match="expected a number of at least 0"):
        speedup(bad, 1.0, passed=True)
    with pytest.raises(UsageError, match="expected both above 0"):
        speedup(1.0, 1.0, passed=True, most=0)

"""When a failed request is sent again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.models.retry import RetryPolicy, is_retried, retry_after_s

NOON = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)


@given(retry=st.integers(1, 200))
def test_a_pause_grows_with_jitter_up_to_its_limit(retry: int) -> None:
    policy = RetryPolicy(first_pause_s=0.5, longest_pause_s=30.0)
    longest = min(0.5 * 2 ** (retry - 1), 30.0)
    assert longest / 2 <= policy.pause_s(retry) <= longest


@given(asked=st.floats(-10, 1e6))
def test_what_the_server_asks_for_is_granted_up_to_a_limit(asked: float) -> None:
    policy = RetryPolicy(longest_asked_s=300.0)
    granted = min(max(asked, 0.0), 300.0)
    assert granted <= policy.pause_s(1, asked) <= granted + 0.1


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    assert retry_after_s({"retry-after": "7"}, NOON) == 7.0
    assert retry_after_s({"retry-after": "Tue, 01 Jan 2030 12:00:09 GMT"}, NOON) == 9.0
    assert retry_after_s({"retry-after": "Tue, 01 Jan 2030 12:00:09 -0000"}, NOON) == 9.0


def test_a_date_in_the_past_asks_for_no_pause() -> None:
    assert retry_after_s({"retry-after": "Tue, 01 Jan 2030 11:00:00 GMT"}, NOON) == 0.0


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-3"])
def test_a_retry_after_that_says_nothing_is_ignored(value: str) -> None:
    assert retry_after_s({"retry-after": value}, NOON) is None


def test_only_what_may_pass_by_itself_is_retried() -> None:
    assert [s for s in (400, 401, 404, 408, 422, 429, 500, 503) if is_retried(s)] == [
        408,
        429,
        500,
        503,
    ]

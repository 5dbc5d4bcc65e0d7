"""When a failed request is sent again, and after which pause."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED_STATUS = frozenset({408, 409, 425, 429})
"""Client errors that another try may cure; every 5xx may be cured too."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential pauses with jitter; what the server asks for wins."""

    max_retries: int = 6
    """How often a failed request is sent again."""
    first_pause_s: float = 0.5
    """Longest pause before the first retry; each further one may be twice as long."""
    longest_pause_s: float = 30.0
    """Where the growth ends."""
    longest_asked_s: float = 300.0
    """Longest pause that a server's ``Retry-After`` is granted."""

    def pause_s(self, retry: int, asked_s: float | None = None) -> float:
        """Return how long to wait before retry number ``retry``, counted from 1.

        ``asked_s`` is what the server asked for; a little more keeps many clients from coming
        back at the same moment.
        """
        if asked_s is not None:
            return min(max(asked_s, 0.0), self.longest_asked_s) + random.uniform(0, 0.1)
        longest = min(self.first_pause_s * 2.0 ** (retry - 1), self.longest_pause_s)
        return random.uniform(longest / 2, longest)


def is_retried(status: int) -> bool:
    """Whether an HTTP status may go away by itself."""
    return status in RETRIED_STATUS or status >= 500


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the pause that a response's ``Retry-After`` asks for, or None where it asks for none.

    >>> retry_after_s({"retry-after": "2.5"})
    2.5
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now or datetime.now(UTC))
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(http_date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000" says UTC without naming it
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)

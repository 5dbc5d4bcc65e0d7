"""Numbers as people read them, the same in the terminal and in the report."""

from agentrl.runs.estimate import Estimate

NOTHING = "–"  # noqa: RUF001 - a dash for a number that does not exist
"""Stands where there is no number; never a zero."""

_MINUS = "−"  # noqa: RUF001 - as wide as a plus


def is_share(value: float) -> bool:
    """Return whether a number can be drawn on a scale from 0 to 1."""
    return 0 <= value <= 1


def percent(value: float | None) -> str:
    """Return a rate in percent.

    >>> percent(0.8125)
    '81.2%'
    """
    return NOTHING if value is None else f"{100 * value:.1f}%"


def decimal(value: float | None, digits: int = 2) -> str:
    """Return a number with a fixed number of digits behind the point."""
    return NOTHING if value is None else f"{value:.{digits}f}".replace("-", _MINUS)


def signed_points(value: float | None) -> str:
    """Return a difference of two rates in percentage points, with its sign.

    >>> signed_points(0.125)
    '+12.5'
    """
    return NOTHING if value is None else f"{100 * value:+.1f}".replace("-", _MINUS)


def count(value: float) -> str:
    """Return a count, short where it is long.

    >>> count(950), count(12_345), count(4_200_000)
    ('950', '12.3k', '4.2M')
    """
    for least, size, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= least:
            return f"{value / size:.1f}{unit}"
    return f"{value:.0f}"


def usd(value: float) -> str:
    """Return an amount of money; more digits where it is small.

    >>> usd(0), usd(0.0042), usd(12.5)
    ('$0', '$0.0042', '$12.50')
    """
    if value == 0:
        return "$0"
    return f"${value:.2f}" if abs(value) >= 1 else f"${value:.4f}"


def duration(seconds: float | None) -> str:
    """Return a time span.

    >>> duration(0.5), duration(75), duration(7384)
    ('0.50 s', '1:15 min', '2:03:04 h')
    """
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def interval(estimate: Estimate, *, scale: float = 1.0, digits: int = 2) -> str:
    """Return both ends of an estimate's interval in brackets, or nothing where there is none.

    >>> interval(Estimate(0.5, 0.25, 0.75, 8, "wilson"), scale=100, digits=0)
    '[25, 75]'
    """
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = (decimal(scale * end, digits) for end in (estimate.low, estimate.high))
    return f"[{low}, {high}]"


def rate(estimate: Estimate) -> str:
    """Return a rate with its interval, in percent.

    >>> rate(Estimate(0.5, 0.25, 0.75, 8, "wilson"))
    '50.0% [25, 75]'
    """
    return f"{percent(estimate.mean)} {interval(estimate, scale=100, digits=0)}".rstrip()

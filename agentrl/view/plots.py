"""Which plots a report shows, and from which numbers."""

from collections.abc import Sequence

from agentrl.runs.estimate import Estimate
from agentrl.runs.summary import Summary
from agentrl.runs.summary_facts import Facts
from agentrl.view.numbers import decimal, is_share, rate
from agentrl.view.svg import Bin, Curve, Point, bars, curves, histogram
from agentrl.view.table import NO_GROUP

_MOST_GROUPS = 30
_MOST_BINS = 20
_MOST_VALUES = 8  # different rewards that each get a column of their own


def plots(summary: Summary, episodes: Sequence[Facts]) -> str:
    """Return every plot that the run has numbers for, as HTML."""
    scored = [episode for episode in episodes if episode.status.scored]
    figures = [_success_by_group(summary)] if len(summary.groups) > 1 else []
    if summary.pass_at_k:
        figures.append(_over_attempts(summary))
    if scored:
        figures.append(_turns(scored))
        figures.append(_rewards(scored))
    if summary.stop_reasons:
        figures.append(_stop_reasons(summary))
    if any(map(is_share, summary.signals.values())):
        figures.append(_signals(summary))
    return "".join(figures)


def _success_by_group(summary: Summary) -> str:
    groups = list(summary.groups.items())
    rows = [
        _point(name or NO_GROUP, group.success, rate(group.success))
        for name, group in groups[:_MOST_GROUPS]
    ]
    if len(groups) > _MOST_GROUPS:
        rows.append(Point(f"{len(groups) - _MOST_GROUPS} more", None, "see summary.json"))
    rows.append(_point("all", summary.success, rate(summary.success)))
    ticks = ["0%", "25%", "50%", "75%", "100%"]
    return bars("Success by task group", "success, with 95% interval", rows, 1.0, ticks)


def _over_attempts(summary: Summary) -> str:
    lines = [
        Curve(name, [(k, _point(f"k = {k}", e, rate(e))) for k, e in estimates.items()])
        for name, estimates in (
            ("pass@k: any succeeds", summary.pass_at_k),
            ("pass^k: all succeed", summary.pass_hat_k),
        )
    ]
    return curves("Success over several attempts", "attempts k at a task", lines, "share of tasks")


def _turns(scored: Sequence[Facts]) -> str:
    counts = [episode.turns for episode in scored]
    low, high = min(counts), max(counts)
    width = -(-(high - low + 1) // _MOST_BINS)
    bins = []
    for start in range(low, high + 1, width):
        inside = [e for e in scored if start <= e.turns < start + width]
        label = str(start) if width == 1 else f"{start}-{start + width - 1}"
        bins.append(_bin(label, inside))
    return histogram("Turns of an episode", "turns", bins, "episodes")


def _rewards(scored: Sequence[Facts]) -> str:
    return reward_histogram([(episode.reward, episode.solved) for episode in scored])


def reward_histogram(episodes: Sequence[tuple[float, bool]]) -> str:
    """Return how many episodes earned what, as HTML.

    Args:
        episodes: the reward of each, and whether it was a success; at least one.
    """
    values = sorted({round(reward, 6) for reward, _ in episodes})
    if len(values) <= _MOST_VALUES:
        bins = [
            _column(
                f"{value:.3g}", [good for reward, good in episodes if round(reward, 6) == value]
            )
            for value in values
        ]
        return histogram("Reward of an episode", "reward", bins, "episodes")
    low, width = values[0], (values[-1] - values[0]) / _MOST_BINS
    binned: list[list[bool]] = [[] for _ in range(_MOST_BINS)]
    for reward, good in episodes:
        binned[min(max(int((reward - low) / width), 0), _MOST_BINS - 1)].append(good)
    bins = [_column(f"{low + width * n:.3g}", inside) for n, inside in enumerate(binned)]
    return histogram("Reward of an episode", "reward, from", bins, "episodes")


def _stop_reasons(summary: Summary) -> str:
    most = max(summary.stop_reasons.values())
    rows = [Point(name, n, str(n)) for name, n in summary.stop_reasons.items()]
    return bars("What ended the episodes", "episodes", rows, most, ["0", str(most)])


def _signals(summary: Summary) -> str:
    shares = {name: value for name, value in summary.signals.items() if is_share(value)}
    rows = [Point(name, value, decimal(value)) for name, value in shares.items()]
    title = "Signals, mean over the turns that state them"
    return bars(title, "mean", rows, 1.0, ["0", "0.25", "0.5", "0.75", "1"])


def _bin(label: str, inside: Sequence[Facts]) -> Bin:
    return _column(label, [episode.solved for episode in inside])


def _column(label: str, solved: Sequence[bool]) -> Bin:
    return Bin(label, len(solved), sum(solved))


def _point(label: str, estimate: Estimate, text: str) -> Point:
    return Point(label, estimate.mean, text, estimate.low, estimate.high)

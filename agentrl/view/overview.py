"""The head of a report: the run in a few numbers."""

from agentrl.runs.estimate import Estimate
from agentrl.runs.summary import Summary
from agentrl.view.html import escape
from agentrl.view.numbers import count, decimal, duration, interval, is_share, percent, usd

_STATUS_NAMES = {
    "ok": "ok",
    "truncated": "truncated",
    "infra_failed": "infrastructure failed",
    "unscored": "unscored",
    "cancelled": "cancelled",
}

_METHODS = {
    "wilson": "Wilson interval over {n} episodes",
    "wilson_tasks": "Wilson interval over tasks, each counted once",
    "cluster_bootstrap": "bootstrap over tasks, {n} episodes",
    "none": "{n} episodes, too few tasks for an interval",
}


def overview(summary: Summary) -> str:
    """Return name, agent, statuses and the tiles of numbers, as HTML."""
    statuses = "".join(
        f'<li class="status {status}">{number} {escape(_STATUS_NAMES[status])}</li>'
        for status, number in summary.episodes.items()
        if number
    )
    if summary.retries:
        statuses += f'<li class="status">{summary.retries} retries of failed infrastructure</li>'
    attempts = f", up to {summary.attempts} attempts each" if summary.attempts > 1 else ""
    return (
        f"<h1>{escape(summary.run)}</h1>"
        f'<p class="subtitle"><b>{escape(summary.agent or "no agent")}</b> on suite '
        f"<b>{escape(summary.suite)}</b> · {summary.tasks} tasks{attempts}</p>"
        f'<ul class="statuses">{statuses}</ul>'
        f'<dl class="tiles">{"".join(_tiles(summary))}</dl>{_failures(summary)}'
    )


def _tiles(summary: Summary) -> list[str]:
    success, score, reward = summary.success, summary.score, summary.reward
    tiles = [
        tile(
            "Success",
            percent(success.mean),
            f"95% {interval(success, scale=100, digits=1)}" if success.low is not None else "",
            _method(success),
            "main",
        )
    ]
    if score.n:
        tiles.append(tile("Score", decimal(score.mean), interval(score), _method(score)))
    tiles.append(tile("Reward", decimal(reward.mean), interval(reward), _method(reward)))
    tiles.append(tile("Turns", decimal(summary.turns, 1), "per episode"))
    tiles += [tile(name, decimal(value), "mean") for name, value in summary.outcome.items()]
    tiles += [
        tile(name, decimal(value), "mean over turns")
        for name, value in summary.signals.items()
        if not is_share(value)  # the others are in a plot
    ]
    tiles += _cost_tiles(summary)
    return tiles


def _cost_tiles(summary: Summary) -> list[str]:
    tiles, tokens = [], summary.tokens
    if tokens.prompt or tokens.completion:
        cached = f", {count(tokens.cached)} cached" if tokens.cached else ""
        note = f"{count(tokens.prompt)} prompt{cached}"
        tiles.append(tile("Sampled tokens", count(tokens.completion), note))
        tiles.append(tile("Cost", usd(summary.cost_usd), "in all"))
    if summary.duration_s is not None:
        speed = f"{decimal(summary.steps_per_s, 1)} steps/s"
        tiles.append(tile("Wall time", duration(summary.duration_s), speed))
    return tiles


def tile(name: str, value: str, note: str, hint: str = "", kind: str = "") -> str:
    """Return a number with its name and a note, as HTML; ``hint`` shows under the mouse."""
    return (
        f'<div class="tile {kind}" title="{escape(hint)}"><dt>{escape(name)}</dt>'
        f'<dd class="number">{escape(value)}</dd><dd class="note">{escape(note)}</dd></div>'
    )


def _method(estimate: Estimate) -> str:
    return _METHODS[estimate.method].format(n=estimate.n)


def _failures(summary: Summary) -> str:
    items = "".join(
        f"<li><b>{failure.count} × {escape(kind)}</b> "  # noqa: RUF001 - a multiplication sign
        f"<span>{escape(failure.example)}</span></li>"
        for kind, failure in summary.failures.items()
    )
    title = "Failures, with the first message of each kind; none of them counts as a zero"
    return f'<section class="failures"><h2>{title}</h2><ul>{items}</ul></section>' if items else ""

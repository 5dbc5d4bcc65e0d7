"""The report of a training: how much better it became, and why it went as it did."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agentrl.episode import Episode
from agentrl.runs.summary_facts import Facts
from agentrl.runs.training import Evaluation, TrainingSummary
from agentrl.view.html import escape
from agentrl.view.numbers import count, decimal, duration, interval, percent
from agentrl.view.overview import tile
from agentrl.view.report import Head, write_page
from agentrl.view.training_plots import training_plots

NEWEST = 256
"""How many training episodes are shown."""
_STAGES = {
    "base": "before training",
    "sft": "after imitation",
    "step": "during RL",
    "rl": "after RL",
}


def write_training_report(
    path: Path,
    summary: TrainingSummary,
    metrics: Sequence[Mapping[str, Any]],
    episodes: Iterable[Episode],
    suite_yaml: str,
) -> None:
    """Write the report of a training; who reads the old one meanwhile keeps it.

    Args:
        path: the file to write.
        summary: what the training amounts to.
        metrics: lines of its ``metrics.jsonl``.
        episodes: its training episodes, of which the newest are shown.
        suite_yaml: the resolved suite.

    Raises:
        StorageError: the file cannot be written.
    """
    newest = deque(episodes, maxlen=NEWEST)
    total = sum(summary.episodes.values())

    def head(rows: Sequence[Facts]) -> Head:
        return Head(
            title=summary.run,
            overview=_overview(summary),
            plots=training_plots(metrics, summary.evaluations),
            notice=_notice(len(rows), total),
        )

    write_page(path, head, newest, suite_yaml)


def _overview(summary: TrainingSummary) -> str:
    stages = ((_STAGES[name], summary.stage(name)) for name in ("base", "sft", "rl"))
    tiles = [_success(name, stage) for name, stage in stages if stage is not None]
    tiles += [
        tile("Steps", f"{summary.steps} of {summary.planned_steps}", summary.algorithm),
        tile("Trained tokens", count(summary.tokens_trained), "sampled by the policy"),
        tile("Time", duration(summary.duration_s), "of the newest start"),
    ]
    statuses = "".join(
        f'<li class="status {escape(status)}">{number} {escape(status)}</li>'
        for status, number in summary.episodes.items()
    )
    return (
        f"<h1>{escape(summary.run)}</h1>"
        f'<p class="subtitle"><b>{escape(summary.algorithm)}</b> on suite '
        f"<b>{escape(summary.suite)}</b></p>"
        f'<ul class="statuses">{statuses}</ul>'
        f'<dl class="tiles">{"".join(tiles)}</dl>{_table(summary.evaluations)}'
    )


def _success(name: str, evaluation: Evaluation) -> str:
    success = evaluation.success
    note = f"95% {interval(success, scale=100, digits=0)}, {evaluation.games} held-out tasks"
    return tile(f"Success {name}", percent(success.mean), note, kind="main")


def _table(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return ""
    rows = "".join(
        f"<tr><td>{_STAGES[e.stage]}</td><td>{e.step}</td><td>{percent(e.success.mean)}</td>"
        f"<td>{escape(interval(e.success, scale=100, digits=0))}</td>"
        f"<td>{decimal(e.reward.mean)}</td><td>{decimal(e.turns, 1)}</td><td>{e.games}</td></tr>"
        for e in evaluations
    )
    names = ("", "step", "success", "95%", "reward", "turns", "tasks")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f'<table class="stages"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _notice(shown: int, total: int) -> str:
    if shown == total:
        return ""
    return (
        f'<p class="notice">The newest {shown} of {total} training episodes; all stand in '
        f"episodes.jsonl, and those on held-out tasks in evaluations.jsonl.</p>"
    )

"""The end of a run: its summary, its report, and what the command says and returns."""

import json

import typer
from rich.console import Console

from agentrl.episode import Status
from agentrl.errors import EXIT_BAD_INPUT
from agentrl.rewards.check import unmet_terms
from agentrl.rollout.lag import lag_percentiles
from agentrl.rollout.run import RunStats
from agentrl.rollout.signals import EXIT_INTERRUPTED
from agentrl.runs.folder import REPORT, SUMMARY, RunFolder
from agentrl.runs.summary import Summary, Timing, summarise
from agentrl.suite import Suite
from agentrl.view.report import write_report
from agentrl.view.table import print_summary


def close_run(suite: Suite, folder: RunFolder, stats: RunStats, *, as_json: bool) -> int:
    """Write ``summary.json`` and ``report.html``, print the summary, return the exit code."""
    # The time of the starts before this one is not known, so nothing is told per second.
    duration = None if stats.resumed else stats.duration_s
    timing = Timing(duration, lag_percentiles(stats.loop_lag_s))
    summary = summarise(
        folder.episodes(), run=folder.path.name, suite=suite.spec.name, timing=timing
    )
    line = json.dumps(summary.to_json(), allow_nan=False)
    folder.write(SUMMARY, line + "\n")
    write_report(folder.path / REPORT, summary, folder.episodes(), folder.suite_yaml)
    if as_json:
        typer.echo(line)
    else:
        print_summary(summary, Console())
        typer.echo(f"report: {folder.path / REPORT}")
    for term in unmet_terms(suite.spec.reward, folder.episodes()):
        _warn(f"reward term {term!r} is neither a signal nor a result of any episode: a typo?")
    return _verdict(folder, summary, stats)


def _verdict(folder: RunFolder, summary: Summary, stats: RunStats) -> int:
    failed = summary.episodes[Status.INFRA_FAILED]
    if stats.interrupted:
        ended = sum(count for status, count in summary.episodes.items() if Status(status).final)
        _warn(
            f"interrupted with {ended} of {stats.planned} episodes done; "
            f"continue with: agentrl run --resume {folder.path}"
        )
        return EXIT_INTERRUPTED
    if failed:
        kind, failure = next(iter(summary.failures.items()))
        _warn(
            f"infrastructure failed {failed} of {stats.planned} episodes for good, they are left "
            f"out and not scored; {kind}: {failure.example}\n"
            f"try them again with: agentrl run --resume {folder.path}"
        )
        return EXIT_BAD_INPUT
    return 0


def _warn(text: str) -> None:
    typer.echo(f"agentrl: {text}", err=True)

"""``agentrl report``: what one run amounts to, or how several compare."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from agentrl.errors import RecordError

if TYPE_CHECKING:
    from agentrl.runs.summary import Timing


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders; the first is the baseline.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Summarise one run and write its report.html, or compare several by their common tasks."""
    for run in runs:
        if not (run / "suite.yaml").is_file():
            raise RecordError(f"{run} holds no run: it has no suite.yaml; give a run's folder")
    if len(runs) == 1:
        _summarise(runs[0], as_json=as_json)
    else:
        _compare(runs, as_json=as_json)


def _summarise(run: Path, *, as_json: bool) -> None:
    from agentrl.runs.folder import REPORT, SUITE, read_episodes
    from agentrl.runs.summary import summarise
    from agentrl.view.report import write_report
    from agentrl.view.table import print_summary

    timing = _recorded_timing(run)
    summary = summarise(read_episodes(run), run=run.name, suite=_suite_name(run), timing=timing)
    suite_yaml = (run / SUITE).read_text(encoding="utf-8")
    write_report(run / REPORT, summary, read_episodes(run), suite_yaml)
    if as_json:
        typer.echo(json.dumps(summary.to_json(), allow_nan=False))
    else:
        print_summary(summary, Console())
        typer.echo(f"report: {run / REPORT}")


def _compare(runs: list[Path], *, as_json: bool) -> None:
    from agentrl.runs.compare import RunEpisodes, compare
    from agentrl.runs.folder import read_episodes
    from agentrl.view.compare import print_comparison

    comparison = compare(
        [RunEpisodes(run.name, _suite_name(run), read_episodes(run)) for run in runs]
    )
    if as_json:
        typer.echo(json.dumps(comparison.to_json(), allow_nan=False))
    else:
        print_comparison(comparison, Console())


def _suite_name(run: Path) -> str:
    from agentrl.runs.folder import SUITE
    from agentrl.suite import load_suite

    return load_suite(run / SUITE).spec.name


def _recorded_timing(run: Path) -> "Timing":
    """What the run measured of itself, where it came to write its summary."""
    from agentrl.runs.folder import SUMMARY
    from agentrl.runs.summary import Timing

    try:
        recorded = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
        return Timing(recorded["duration_s"], recorded["loop_lag_s"])
    except (OSError, ValueError, KeyError):
        return Timing()

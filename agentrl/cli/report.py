"""``agentrl report``: what one run amounts to, or how several compare."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from agentrl.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentrl.episode import Episode
    from agentrl.runs.summary import Timing


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders; the first is the baseline.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Summarise one run and write its report.html, or compare several by their common tasks.

    Of a training, its last evaluation on held-out tasks is compared.
    """
    from agentrl.cli.training_result import tell_training
    from agentrl.runs.folder import SUITE
    from agentrl.runs.training import is_training
    from agentrl.suite import load_suite

    for run in runs:
        if not (run / "suite.yaml").is_file():
            raise RecordError(f"{run} holds no run: it has no suite.yaml; give a run's folder")
    if len(runs) > 1:
        _compare(runs, as_json=as_json)
    elif is_training(runs[0]):
        spec = load_suite(runs[0] / SUITE).spec
        duration_s = _recorded(runs[0]).get("duration_s")
        tell_training(runs[0], spec, duration_s=duration_s, as_json=as_json)
    else:
        _summarise(runs[0], as_json=as_json)


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
    from agentrl.runs.training import is_training, newest_evaluation
    from agentrl.view.compare import print_comparison

    def episodes(run: Path) -> "Iterable[Episode]":
        return newest_evaluation(run) if is_training(run) else read_episodes(run)

    comparison = compare([RunEpisodes(run.name, _suite_name(run), episodes(run)) for run in runs])
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
    from agentrl.runs.summary import Timing

    recorded = _recorded(run)
    if recorded.keys() >= {"duration_s", "loop_lag_s"}:
        return Timing(recorded["duration_s"], recorded["loop_lag_s"])
    return Timing()


def _recorded(run: Path) -> dict[str, Any]:
    from agentrl.runs.folder import SUMMARY

    try:
        summary: dict[str, Any] = json.loads((run / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return summary

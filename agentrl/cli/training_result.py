"""What a training came to, as its command and ``agentrl report`` tell it."""

import json
from pathlib import Path

import typer
from rich.console import Console

from agentrl.runs.folder import METRICS, REPORT, SUITE, read_episodes
from agentrl.runs.training import read_metrics, summarise_training
from agentrl.suite.spec import SuiteSpec
from agentrl.view.training_report import write_training_report
from agentrl.view.training_table import print_training_summary


def tell_training(run: Path, spec: SuiteSpec, *, duration_s: float | None, as_json: bool) -> str:
    """Write ``report.html``, print the summary and return it as a line of JSON.

    Args:
        run: the training's folder.
        spec: its suite.
        duration_s: how long its newest start took.
        as_json: print the line instead of a table.

    Raises:
        RecordError: a file of the folder cannot be read.
        StorageError: the report cannot be written.
    """
    summary = summarise_training(run, spec, duration_s=duration_s)
    line = json.dumps(summary.to_json(), allow_nan=False)
    suite_yaml = (run / SUITE).read_text(encoding="utf-8")
    metrics = read_metrics(run / METRICS)
    write_training_report(run / REPORT, summary, metrics, read_episodes(run), suite_yaml)
    if as_json:
        typer.echo(line)
    else:
        print_training_summary(summary, Console())
        typer.echo(f"report: {run / REPORT}")
    return line

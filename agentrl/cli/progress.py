"""``agentrl train --progress``: fits a scorer of progress to the episodes of a run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from agentrl.errors import RecordError, UsageError

if TYPE_CHECKING:
    from agentrl.episode import Episode
    from agentrl.models.scorers.base import FitReport, ProgressScorer
    from agentrl.suite import Suite
    from agentrl.suite.reward.progress import Backend


def fit_progress(
    suite: "Suite",
    run: Path,
    *,
    backend: "Backend",
    outcome: str,
    options: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Fit a scorer, write its folder and print how well it foretells what it has not seen.

    Args:
        suite: whose environment was played; a language model is its ``agent.model``.
        run: a run folder or an ``episodes.jsonl``.
        backend: the scorer's kind.
        outcome: the result to foretell.
        options: of the scorer, as ``KEY=VALUE``.
        out: the scorer's folder; None: ``scorer-BACKEND`` in the run's.
        as_json: print one line of JSON instead of a table.

    Raises:
        UsageError: there is no such run, it teaches nothing, or an option is unknown.
        StorageError: the folder cannot be written.
    """
    folder = out or (run if run.is_dir() else run.parent) / f"scorer-{backend}"
    _check_out(folder)
    episodes = _episodes(run, suite)
    scorer = _scorer(suite, backend, outcome, read_options(options))
    try:
        report = scorer.fit(episodes)
    except UsageError as exc:
        raise type(exc)(f"{run}: {exc}") from None
    scorer.save(folder)
    if as_json:
        typer.echo(json.dumps({"scorer": str(folder), **report.to_json()}, allow_nan=False))
        return
    Console().print(_table(report))
    typer.echo(f"scorer: {folder}")


def read_options(given: Sequence[str]) -> dict[str, Any]:
    """Return options as a mapping.

    Raises:
        UsageError: one is not ``KEY=VALUE``.

    >>> read_options(["ridge=0.5", "unit=char"])
    {'ridge': 0.5, 'unit': 'char'}
    """
    options = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--fit {one!r}: expected KEY=VALUE, such as ridge=0.5")
        try:
            options[key.strip()] = _number(yaml.safe_load(value))
        except yaml.YAMLError as exc:
            raise UsageError(f"--fit {one!r}: the value cannot be read: {exc}") from None
    return options


def _number(value: Any) -> Any:
    """Return a number that YAML takes for text, such as ``3e-6``, as one."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _episodes(run: Path, suite: "Suite") -> "list[Episode]":
    from agentrl.runs.folder import SUITE, read_episodes
    from agentrl.suite import load_suite

    if not run.exists():
        raise RecordError(f"--progress {run}: no such run; give a run folder or an episodes.jsonl")
    if (run / SUITE).is_file():
        played = load_suite(run / SUITE).spec.env.id
        if played != suite.spec.env.id:
            raise UsageError(
                f"--progress {run}: its episodes are of {played}, but {suite.path} plays "
                f"{suite.spec.env.id}; give a run of the same environment"
            )
    return list(read_episodes(run))


def _check_out(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; name another folder with --out")


def _scorer(
    suite: "Suite", backend: "Backend", outcome: str, options: dict[str, Any]
) -> "ProgressScorer":
    from agentrl.rewards.progress.scorers import new_scorer

    try:
        return new_scorer(backend, options, outcome, lambda: _checkpoint(suite))
    except ValidationError as exc:
        first = exc.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"--fit {key}: {first['msg']} (backend {backend!r})") from None


def _checkpoint(suite: "Suite") -> Path:
    """Return the folder of the language model that the suite's agent is."""
    from agentrl.envs.tasks import load_tasks
    from agentrl.models.checkpoint import resolve_checkpoint
    from agentrl.models.scratch import scratch_checkpoint
    from agentrl.rollout.texts import suite_texts
    from agentrl.suite.model import TransformersSpec, VllmSpec

    model = suite.spec.agent.model
    if isinstance(model, TransformersSpec) and model.scratch is not None:
        return scratch_checkpoint(list(suite_texts(suite.spec, load_tasks(suite))), model.scratch)
    checkpoint = model.checkpoint if isinstance(model, TransformersSpec | VllmSpec) else None
    if checkpoint is None:
        raise suite.error(
            ("agent", "model"),
            "a scorer on a language model begins with the agent's: expected a model with the "
            "backend 'transformers' or 'vllm'; or take --backend text",
        )
    return resolve_checkpoint(checkpoint)


def _table(report: "FitReport") -> Table:
    table = Table(title=f"{report.backend} scorer of {report.outcome}", title_justify="left")
    table.add_column("fit")
    table.add_column("", justify="right")
    for name, value in _rows(report):
        table.add_row(name, value)
    return table


def _rows(report: "FitReport") -> list[tuple[str, str]]:
    rows = [
        ("episodes learnt from", str(report.episodes - report.held_out)),
        (f"episodes held out, by {report.held_out_by}", str(report.held_out)),
        ("episodes left out", str(report.left_out)),
        (f"mean {report.outcome}", f"{report.mean_outcome:.3f}"),
    ]
    if report.error is not None and report.base_error is not None:
        rows.append(("mean error", f"{report.error:.3f}"))
        rows.append(("mean error of guessing the mean", f"{report.base_error:.3f}"))
    if report.within_tenth is not None:
        rows.append(("off by 0.1 at most", f"{report.within_tenth:.1%}"))
    if report.ranked is not None:
        rows.append(("pairs of a task ranked right", f"{report.ranked:.1%}"))
    return rows

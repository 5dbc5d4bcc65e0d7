"""``agentrl rewards diagnose``: what rewards would do to recorded runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from agentrl.errors import RecordError, StorageError, UsageError

if TYPE_CHECKING:
    from agentrl.rewards.diagnose.diagnosis import Options, Report
    from agentrl.rewards.diagnose.named import NamedSpec


def diagnose(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders or episodes.jsonl files.")
    ],
    specs: Annotated[
        list[str] | None,
        typer.Option(
            "--spec", help="A preset, a suite or a YAML file, again for each; else the run's own."
        ),
    ] = None,
    outcome: Annotated[str, typer.Option(help="The result that counts.")] = "success",
    by: Annotated[
        Literal["version", "order"],
        typer.Option(help="What the farming alarm takes for time: weights, or order of record."),
    ] = "version",
    wanted: Annotated[
        int, typer.Option(min=1, help="Good attempts that the balance score wants of a group.")
    ] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write a page with plots.")
    ] = None,
) -> None:
    """Tell from recorded episodes what rewards would do: no model and no sandbox is asked.

    Statistics and correlations of each term, gates, groups without signal, a farming alarm,
    exploration and exploitation; of several rewards, how far apart they are.
    """
    from agentrl.rewards.diagnose.diagnosis import Options
    from agentrl.rewards.diagnose.named import read_spec
    from agentrl.view.diagnosis_table import print_diagnosis

    named = [read_spec(given) for given in dict.fromkeys(specs or ())]
    _check_out(out)
    options = Options(outcome=outcome, by=by, wanted=wanted)
    reports = [_diagnosed(run, named, options) for run in runs]
    if out is not None:
        _write(out, reports)
    if as_json:
        typer.echo(json.dumps({"runs": [r.to_json() for r in reports]}, allow_nan=False))
        return
    for report in reports:
        print_diagnosis(report, Console())
    if out is not None:
        typer.echo(f"page: {out}")


def _diagnosed(run: Path, named: "list[NamedSpec]", options: "Options") -> "Report":
    from agentrl.rewards.diagnose.diagnosis import diagnose as diagnosed
    from agentrl.runs.folder import read_episodes

    if not run.exists():
        raise RecordError(f"{run}: no such run; give a run folder or an episodes.jsonl")
    specs = named or [_own(run)]
    try:
        return diagnosed(
            _name(run),
            read_episodes(run),
            specs,
            options,
            strict=bool(named),
            declared=_declared(run),
        )
    except UsageError as exc:
        raise type(exc)(f"{run}: {exc}") from None


def _own(run: Path) -> "NamedSpec":
    """Return the reward that a run was made with."""
    from agentrl.rewards.diagnose.named import NamedSpec
    from agentrl.runs.folder import SUITE
    from agentrl.suite import load_suite

    suite = run / SUITE
    if not suite.is_file():
        raise RecordError(f"{run} has no {SUITE} and so no reward of its own; name one with --spec")
    return NamedSpec("of the run", load_suite(suite).spec.reward)


def _declared(run: Path) -> tuple[str, ...]:
    """Return what a run's environment says that it may state; nothing where it cannot be asked."""
    from agentrl.envs.build import suite_env_class
    from agentrl.runs.folder import SUITE
    from agentrl.suite import load_suite

    if not (run / SUITE).is_file():
        return ()
    try:
        suite = load_suite(run / SUITE)
        chosen = suite_env_class(suite)
    except UsageError:  # its library is not installed here, or its module is gone
        return ()
    return tuple({**chosen.stated(), **chosen.played(suite.spec.env.options).stated()})


def _name(run: Path) -> str:
    return run.resolve().name if run.is_dir() else str(run)


def _check_out(out: Path | None) -> None:
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise UsageError(f"--out {out}: expected a file in a folder that exists, such as out.html")


def _write(out: Path, reports: "list[Report]") -> None:
    from agentrl.view.diagnosis_report import diagnosis_page

    try:
        out.write_bytes(diagnosis_page(reports))
    except OSError as exc:
        raise StorageError(f"cannot write {out}: {exc.strerror or exc}") from None

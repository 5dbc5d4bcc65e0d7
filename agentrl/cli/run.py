"""``agentrl run``: an agent attempts every task of a suite, many at a time."""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentrl.errors import AgentrlError, SuiteError

if TYPE_CHECKING:
    from agentrl.rollout.run import Watch
    from agentrl.runs.folder import RunFolder
    from agentrl.suite import Suite

logger = logging.getLogger(__name__)


def run(
    suite_file: Annotated[
        Path | None,
        typer.Argument(metavar="SUITE", help="A suite file, such as tasks/quickstart.yaml."),
    ] = None,
    agent: Annotated[
        str | None, typer.Option(help="Who acts: llm, expert, random or human; else the suite's.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that play episodes.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a suite's key.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; else runs/NAME-TIME.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Continue the run in this folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one line of JSON.")
    ] = False,
) -> None:
    """Attempt every task of a suite and report how it went.

    Exits with 0 when every episode came to an end, with 2 when the input was bad or
    infrastructure failed an episode for good, with 130 when interrupted.
    """
    from agentrl.cli.closing import close_run
    from agentrl.cli.logs import logging_to
    from agentrl.rollout.run import check_suite, run_suite
    from agentrl.rollout.signals import EXIT_INTERRUPTED
    from agentrl.runs.folder import LOG

    overrides = list(settings or [])
    if agent is not None:
        overrides.append(f"agent.kind={agent}")
    if workers is not None:
        overrides.append(f"rollouts.workers={workers}")
    suite = _suite(suite_file, overrides, resume)
    tasks = check_suite(suite)
    with _folder(suite, out, resume) as folder, logging_to(folder.path / LOG):
        try:
            with _progress(suite, len(tasks)) as progress:
                stats = run_suite(suite, tasks, folder, progress)
        except AgentrlError as exc:
            raise _with_advice(exc, folder) from exc
        except KeyboardInterrupt:  # before anything was played
            folder.discard()
            raise typer.Exit(EXIT_INTERRUPTED) from None
        code = close_run(suite, folder, stats, as_json=as_json)
    raise typer.Exit(code)


def _with_advice(error: AgentrlError, folder: "RunFolder") -> AgentrlError:
    """Say how to go on after an error ended a run; a folder where nothing happened yet goes."""
    if folder.discard():
        return error
    return type(error)(f"{error}\ncontinue with: agentrl run --resume {folder.path}")


def _progress(suite: "Suite", tasks: int) -> "AbstractContextManager[Watch | None]":
    from agentrl.view.live import LiveProgress

    if suite.spec.agent.kind == "human":  # the terminal is the player's
        return nullcontext()
    return LiveProgress(tasks * suite.spec.rollouts.attempts)


def _suite(suite_file: Path | None, overrides: list[str], resume: Path | None) -> "Suite":
    from agentrl.runs.folder import SUITE
    from agentrl.suite import load_suite

    if suite_file is not None:
        return load_suite(suite_file, overrides)
    if resume is None:
        raise SuiteError("no suite given: name a suite file, or a run to continue with --resume")
    return load_suite(resume / SUITE, overrides)


def _folder(suite: "Suite", out: Path | None, resume: Path | None) -> "RunFolder":
    from agentrl.runs.folder import RunFolder

    if resume is None:
        return RunFolder.create(out or _free_folder(suite.spec.name), suite.resolved())
    if out is not None:
        raise SuiteError("--out and --resume exclude each other: a resumed run stays where it is")
    _check_same_suite(suite, resume)
    return RunFolder.resume(resume)


def _free_folder(name: str) -> Path:
    """Return a folder that no earlier run has, also not one of the same second."""
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    numbered = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
    return next(path for path in map(Path("runs").joinpath, numbered) if not path.exists())


def _check_same_suite(suite: "Suite", resume: Path) -> None:
    from agentrl.runs.folder import SUITE
    from agentrl.suite import load_suite
    from agentrl.suite.compare import differences

    changed = differences(load_suite(resume / SUITE).spec, suite.spec)
    if changed:
        raise SuiteError(
            f"{suite.path} is not the suite that {resume} was begun with: {'; '.join(changed)}. "
            f"Begin a new run, or continue the old one with --resume alone"
        )

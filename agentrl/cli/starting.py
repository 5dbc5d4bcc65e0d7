"""The start of a command that makes a run: its suite and its folder."""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from agentrl.episode import Episode
from agentrl.errors import AgentrlError, PreflightError, SuiteError
from agentrl.runs.folder import SUITE, RunFolder
from agentrl.suite import Suite, load_suite
from agentrl.suite.compare import differences


def read_suite(suite_file: Path | None, overrides: list[str], resume: Path | None) -> Suite:
    """Return the suite that is named, or that of the run to continue.

    Raises:
        SuiteError: there is none, or it cannot be used.
    """

    if suite_file is not None:
        return load_suite(suite_file, overrides)
    if resume is None:
        raise SuiteError("no suite given: name a suite file, or a run to continue with --resume")
    return load_suite(resume / SUITE, overrides)


def open_folder(
    suite: Suite,
    out: Path | None,
    resume: Path | None,
    keep: Callable[[Episode], bool] | None = None,
) -> RunFolder:
    """Return the folder of a new run, or that of the run to continue.

    Args:
        suite: what is run.
        out: where a new run goes; None: below ``runs``.
        resume: the run to continue.
        keep: which episodes a continued run still wants; None: every one that came to an end.

    Raises:
        UsageError: the folder cannot be used, or was begun with another suite.
    """

    if resume is None:
        return RunFolder.create(out or _free_folder(suite.spec.name), suite.resolved())
    if out is not None:
        raise SuiteError("--out and --resume exclude each other: a resumed run stays where it is")
    _check_same_suite(suite, resume)
    return RunFolder.resume(resume, keep)


def _free_folder(name: str) -> Path:
    """Return a folder that no earlier run has, also not one of the same second."""
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    numbered = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
    return next(path for path in map(Path("runs").joinpath, numbered) if not path.exists())


def _check_same_suite(suite: Suite, resume: Path) -> None:

    changed = differences(load_suite(resume / SUITE).spec, suite.spec)
    if changed:
        raise SuiteError(
            f"{suite.path} is not the suite that {resume} was begun with: {'; '.join(changed)}. "
            f"Begin a new run, or continue the old one with --resume alone"
        )


def with_advice(error: AgentrlError, folder: RunFolder, command: str) -> AgentrlError:
    """Say how to go on after an error ended a run; a folder where nothing happened yet goes."""
    if isinstance(error, PreflightError):
        return type(error)(f"{error}\nthe episodes are in {folder.path}")
    if folder.discard():
        return error
    return type(error)(f"{error}\ncontinue with: agentrl {command} --resume {folder.path}")

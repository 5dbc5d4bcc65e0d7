"""``agentrl`` as a person calls it, in this process: to start another takes longer than most do."""

from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from agentrl.cli.main import main

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def agentrl(*arguments: object, cwd: Path = ROOT) -> Done:
    """Run a command line in a folder."""
    said, complained = StringIO(), StringIO()
    with redirect_stdout(said), redirect_stderr(complained), chdir(cwd):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        else:
            code = 0
    return Done(code, said.getvalue(), complained.getvalue())

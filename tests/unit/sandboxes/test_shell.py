"""The script of a sandbox's shell, run by the bash that is here."""

import subprocess
from pathlib import Path

from agentrl.sandboxes.shell import SHELL_ARGV


def answers(state: Path, *commands: str) -> bytes:
    requests = "".join(f"n{i} {len(command)}\n{command}" for i, command in enumerate(commands))
    argv = [*SHELL_ARGV[:-1], str(state)]
    return subprocess.run(argv, input=requests.encode(), capture_output=True, timeout=20).stdout


def test_a_command_that_ends_the_shell_is_answered_and_followed_by_the_next(tmp_path: Path) -> None:
    said = answers(tmp_path / "state", "cd /; export A=1", "exit 3", 'echo "$PWD $A"')

    assert said == b"\0n0<\0n0>0\n\0n1<\0n1>3\n\0n2</ 1\n\0n2>0\n"


def test_a_shell_that_cannot_note_where_it_is_gives_up_rather_than_spin(tmp_path: Path) -> None:
    assert answers(tmp_path / "missing" / "state") == b""

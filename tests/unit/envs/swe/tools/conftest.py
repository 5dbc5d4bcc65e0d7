"""The tools as they are in a sandbox: laid out as ``tool_files`` says, and run as programs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agentrl.envs.swe.tools import tool_files

Tool = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def tools_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tools")
    for path, file in tool_files().items():
        placed = root / path.removeprefix("/opt/agentrl/")
        placed.parent.mkdir(parents=True, exist_ok=True)
        placed.write_bytes(file.data)
        placed.chmod(file.mode)
    return root / "bin"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with the beginnings of a git repository, and a place beside it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@pytest.fixture
def tool(tools_folder: Path, repository: Path) -> Tool:
    """Run a tool in the repository."""

    def run(
        *words: str, stdin: str | bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(tools_folder / words[0]), *words[1:]],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=repository,
            env={**os.environ, **(env or {})},
        )

    return run

"""A git repository for tests, and what git itself says of it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

Tree = Mapping[str, bytes | None]
"""What lies at each path; a value of ``None`` stands for no file."""

_GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false")


class Repository:
    """A folder under git."""

    def __init__(self, folder: Path, files: Tree) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", ".")
        self.put(files)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", "begin")

    def git(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [*_GIT, *arguments],
            cwd=self.folder,
            input=stdin.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode("utf-8", "surrogateescape")

    def put(self, files: Tree) -> None:
        for name, data in files.items():
            path = self.folder / name
            if data is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def link(self, name: str, target: str) -> None:
        path = self.folder / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def diff(self, *options: str) -> str:
        """Return what changed since the beginning."""
        self.git("add", "-A", "-f")
        return self.git("diff", "--cached", *options, "HEAD")

    def restore(self) -> None:
        self.git("reset", "-q", "--hard", "HEAD")
        self.git("clean", "-q", "-f", "-d", "-x")

    def apply(self, patch: str) -> None:
        self.git("apply", "--whitespace=nowarn", "-", stdin=patch)

    def tree(self) -> str:
        """Return git's name for all that lies in the folder now."""
        self.git("add", "-A", "-f")
        return self.git("write-tree").strip()


@pytest.fixture(scope="session")
def make_repository() -> type[Repository]:
    """What makes a repository in a folder, out of files."""
    return Repository

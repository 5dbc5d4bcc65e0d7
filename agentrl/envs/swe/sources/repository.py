"""A repository of the user's: a folder, an archive, or a release in the registry."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentrl.envs.swe.sources.archive import MAX_BYTES, MAX_FILES, read_archive
from agentrl.envs.swe.sources.registry import fetch_sdist
from agentrl.errors import UsageError
from agentrl.sandboxes.base import File

_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".tar.xz", ".tar.bz2", ".zip")
_NOT_SOURCE = {"__pycache__", "node_modules", "build", "dist", "site-packages"}


@dataclass(frozen=True, slots=True)
class Repository:
    """The files of a project."""

    name: str
    files: dict[str, File]
    package: str = ""
    """Of a release in the registry: its name, and which release."""
    release: str = ""


def read_repository(given: str) -> Repository:
    """Read a repository.

    Args:
        given: a folder, an archive, or ``NAME==VERSION`` for a release in the registry. Of a
            folder that git keeps, what git would keep is taken.

    Raises:
        UsageError: there is nothing of the kind, or it is too large.
    """
    path = Path(given).expanduser()
    if path.is_dir():
        return Repository(_called(path.resolve().name), _folder_files(path))
    if path.is_file() and path.name.endswith(_ARCHIVES):
        name = _called(path.name.partition(".")[0])
        return Repository(name, read_archive(path, strip=True))
    name, equals, version = given.partition("==")
    if equals and not path.exists():
        files = read_archive(fetch_sdist(name, version), strip=True)
        return Repository(_called(name), files, package=name, release=version)
    raise UsageError(
        f"{given!r} is no repository: give a folder, an archive ({', '.join(_ARCHIVES[:2])}, ...) "
        f"or a release such as toolz==1.0.0"
    )


def _folder_files(folder: Path) -> dict[str, File]:
    files: dict[str, File] = {}
    total = 0
    for name in sorted(_git_names(folder) or _names(folder)):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            continue
        total += path.stat().st_size
        if len(files) >= MAX_FILES or total > MAX_BYTES:
            raise UsageError(
                f"{folder} holds more than {MAX_FILES} files or {MAX_BYTES >> 20} MB of source; "
                f"give a smaller folder, or keep what is no source out of git with .gitignore"
            )
        files[name] = File(path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644, "agent")
    if not files:
        raise UsageError(f"{folder} holds no files")
    return files


def _git_names(folder: Path) -> list[str]:
    """Return what git keeps or would keep of a folder; empty where git does not keep it."""
    if not (folder / ".git").exists():
        return []
    # The folder's own settings could name a program to be run.
    safe = ["git", "-c", "core.fsmonitor=false", "-C", str(folder)]
    listing = [*safe, "ls-files", "-z", "--cached", "--others"]
    try:
        done = subprocess.run([*listing, "--exclude-standard"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted({os.fsdecode(name) for name in done.stdout.split(b"\0") if name})


def _names(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_left_out(Path(place), name)]
        for name in names:
            if not name.endswith((".pyc", ".pyo", ".so", ".pyd")):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _is_left_out(place: Path, name: str) -> bool:
    """Whether a folder is made by tools: a cache, a build, a virtual environment."""
    hidden = name.startswith(".") and name != ".github"
    return name in _NOT_SOURCE or hidden or (place / name / "pyvenv.cfg").exists()


def _called(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "repository"

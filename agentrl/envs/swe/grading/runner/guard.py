"""Runs in the sandbox as root before the tests: makes what decides about them safe from them.

Test files, conftest and configuration files belong to root from now on. A folder that holds one
becomes root's with the sticky bit, so that graded code may add files there, but can neither change
nor remove nor rename what root owns.
"""

import json
import os
import sys
from typing import Any, Dict, Iterator, List, Set

FOLDERS = frozenset(["test", "tests", "testing", "test_data", "testdata"])
FILES = frozenset(
    "conftest.py pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini setup.cfg "
    "pyproject.toml".split()
)
SKIPPED = frozenset([".git", ".hg", "node_modules", ".tox", ".nox", ".venv", "site-packages"])
GITCONFIG = "/etc/gitconfig"


def main() -> None:
    """Guard the repository that standard input names, and tell about it on standard output."""
    settings = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    workdir = settings["workdir"].rstrip("/")
    os.mkdir(settings["scratch"], 0o700)
    os.chown(settings["scratch"], settings["uid"], settings["uid"])
    _trust_git()
    guarded = {os.path.join(workdir, name.split("::")[0]) for name in settings["files"]}
    for path in _deciding(workdir):
        guarded.add(path)
    _own(workdir, guarded)
    print(json.dumps(_facts(settings, workdir)))


def _facts(settings: Dict[str, Any], workdir: str) -> Dict[str, Any]:
    python = _which(settings["python"])
    there = [
        name
        for name in settings["arguments"]
        if os.path.lexists(os.path.join(workdir, name.split("::")[0]))
    ]
    return {"python": python, "python_path": os.environ.get("PYTHONPATH", ""), "there": there}


def _which(name: str) -> str:
    places = [""] if "/" in name else os.environ.get("PATH", "").split(":")
    paths = [os.path.join(place, name) for place in places]
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")


def _remove(folder: str) -> None:
    if os.path.islink(folder):
        os.remove(folder)
        return
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            _remove(path)
        else:
            os.remove(path)
    os.rmdir(folder)


def _deciding(workdir: str) -> Iterator[str]:
    """Walk the repository: yield what decides, and remove compiled files on the way."""
    for folder, folders, files in os.walk(workdir):
        for name in [name for name in folders if name == "__pycache__"]:
            _remove(os.path.join(folder, name))
        folders[:] = [name for name in folders if name not in SKIPPED and name != "__pycache__"]
        inside = FOLDERS.intersection(folder[len(workdir) :].split("/"))
        for name in files:
            if inside or name in FILES or _is_test(name):
                yield os.path.join(folder, name)


def _is_test(name: str) -> bool:
    stem = name[:-3] if name.endswith(".py") else ""
    return stem.startswith("test_") or stem.endswith("_test") or stem in ("test", "tests")


def _own(workdir: str, paths: Set[str]) -> None:
    folders: Set[str] = set()
    for path in paths:
        if not os.path.lexists(path):
            continue
        os.lchown(path, 0, 0)
        if not os.path.islink(path):
            os.chmod(path, os.stat(path).st_mode & 0o755 | 0o444)
        folder = os.path.dirname(path)
        while folder.startswith(workdir) and folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    for folder in folders:
        if not os.path.islink(folder):
            os.lchown(folder, 0, 0)
            os.chmod(folder, 0o1777)


def _trust_git() -> None:
    """Let git work in a folder that belongs to root, as tests of versions do."""
    line = "[safe]\n\tdirectory = *\n"
    known: List[str] = []
    if os.path.exists(GITCONFIG):
        with open(GITCONFIG) as file:
            known = [file.read()]
    if not any(line in text for text in known):
        with open(GITCONFIG, "a") as file:
            file.write(line)


if __name__ == "__main__":
    main()

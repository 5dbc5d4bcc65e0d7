"""Runs in the sandbox as root, before and after the tests: keeps what decides about them safe.

Code of tests, conftest and configuration files belong to root from now on. A folder that holds one
becomes root's with the sticky bit, so that graded code may add files there, but can neither change
nor remove nor rename what root owns. To give away thousands of files of test data would take too
long, as each is copied by that: it is noted when they were last changed, which no one but root can
forge, and looked at again after the tests.

Arguments: WORKDIR SCRATCH UID PYTHON NOTES; standard input: files and arguments of the tests, each
with a NUL behind it. Standard output, in the same form: the interpreter's path or nothing, the
image's ``PYTHONPATH``, how many files of data were noted, and which of the arguments are there.
Or else: NOTES; standard output is the name of a file of data that was changed since, if one was. It
imports almost nothing: it is to be quick.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Set

FOLDERS = frozenset(["test", "tests", "testing", "test_data", "testdata"])
FILES = frozenset(
    "conftest.py pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini setup.cfg "
    "pyproject.toml".split()
)
SKIPPED = frozenset([".git", ".hg", "node_modules", ".tox", ".nox", ".venv", "site-packages"])
GITCONFIG = "/etc/gitconfig"


def main() -> None:
    """Guard the repository, or look whether its data is what it was."""
    if len(sys.argv) == 2:
        _look_again(sys.argv[1])
    else:
        _guard(*sys.argv[1:6])


def _guard(workdir: str, scratch: str, uid: str, python: str, notes: str) -> None:
    workdir = workdir.rstrip("/")
    names = os.fsdecode(sys.stdin.buffer.read()).split("\0")[:-1]
    os.mkdir(scratch, 0o700)
    os.chown(scratch, int(uid), int(uid))
    _trust_git()
    guarded = {os.path.join(workdir, name.split("::")[0]) for name in names}
    there = [name for name in names if os.path.lexists(os.path.join(workdir, name.split("::")[0]))]
    data = []  # type: List[str]
    for path in _deciding(workdir):
        (guarded.add if _is_code(path) else data.append)(path)
    data = [path for path in data if path not in guarded]
    _own(workdir, guarded, data)
    _note(notes, data)
    facts = [_which(python), os.environ.get("PYTHONPATH", ""), str(len(data)), *there, ""]
    sys.stdout.buffer.write(os.fsencode("\0".join(facts)))


def _is_code(path: str) -> bool:
    return path.endswith((".py", ".so", ".pth")) or os.path.basename(path) in FILES


def _note(notes: str, data: "List[str]") -> None:
    """Write when files were changed as ``stat -c %.9Z`` says it, so that a shell can compare."""
    with open(notes, "wb") as names, open(notes + ".times", "w") as times:
        for path in data:
            names.write(os.fsencode(path) + b"\0")
            times.write(_changed_at(path) + "\n")


def _look_again(notes: str) -> None:
    with open(notes, "rb") as names, open(notes + ".times") as times:
        paths = os.fsdecode(names.read()).split("\0")
        for number, before in enumerate(times):
            if _changed_at(paths[number]) != before.strip():
                sys.stdout.buffer.write(os.fsencode(paths[number]))
                return


def _changed_at(path: str) -> str:
    try:
        return "%d.%09d" % divmod(os.lstat(path).st_ctime_ns, 10**9)
    except OSError:
        return "gone"


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


def _deciding(workdir: str) -> "Iterator[str]":
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


def _own(workdir: str, paths: "Set[str]", data: "List[str]") -> None:
    folders = {os.path.dirname(path) for path in data}  # type: Set[str]
    for folder in list(folders):
        while folder.startswith(workdir):
            folders.add(folder)
            folder = os.path.dirname(folder)
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
    known = []  # type: List[str]
    if os.path.exists(GITCONFIG):
        with open(GITCONFIG) as file:
            known = [file.read()]
    if not any(line in text for text in known):
        with open(GITCONFIG, "a") as file:
            file.write(line)


if __name__ == "__main__":
    main()

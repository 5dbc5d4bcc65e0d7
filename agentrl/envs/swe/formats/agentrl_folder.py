"""Our own task folder: ``task.yaml`` with an instance's fields, and long texts in files beside it.

::

    task.yaml        id, tests, image or source, ...: the fields of an instance
    problem.md       the problem statement         hints.md   hints, if there are any
    gold.patch       solves it                     solve.sh   or: a script that solves it
    test.patch       brings the tests              bug.patch  or: puts the flaw in beforehand
    run_tests.sh     with ``framework: script``: runs the tests
    files/           hidden files for grading, from the repository's root
    root_files/      hidden files for grading, from the sandbox's root
    environment/     a Dockerfile and what it copies; or only a ``Dockerfile``
"""

from collections.abc import Iterator
from pathlib import Path

from agentrl.envs.swe.formats.agentrl import read, write
from agentrl.envs.swe.formats.columns import inner_path, mapping
from agentrl.envs.swe.formats.files import (
    as_yaml,
    copy,
    read_mapping,
    read_text,
    read_tree,
    write_files,
)
from agentrl.envs.swe.instance import Instance
from agentrl.errors import TaskError

TASK = "task.yaml"

_TEXTS = {
    "problem": "problem.md",
    "hints": "hints.md",
    "patch": "gold.patch",
    "test_patch": "test.patch",
    "bug_patch": "bug.patch",
    "solution": "solve.sh",
    "dockerfile": "Dockerfile",
}
_SCRIPT = "run_tests.sh"
_FILES = "files"
_ROOT_FILES = "root_files"
_CONTEXT = "environment"


def read_folder(folder: Path) -> Instance:
    """Read one of our own task folders.

    Raises:
        TaskError: a file cannot be read, something is given twice, or as for a row.
    """
    row = {"id": folder.resolve().name} | read_mapping(folder / TASK)
    for field, name in _files(folder):
        content = read_text(folder / name)
        if content and row.get(field):
            raise TaskError(f"{field}: is given twice, in {TASK} and in {name}")
        if content:
            row[field] = content
    if (folder / _CONTEXT).is_dir():
        row["context"] = str((folder / _CONTEXT).resolve())
    return read(row | {"tests": _read_plan(folder, row), "source": _read_source(folder, row)})


def write_folder(instance: Instance, folder: Path) -> None:
    """Write an instance of any family as one of our own task folders.

    Raises:
        TaskError: a Dockerfile's folder or a source's archive is gone.
        StorageError: the folder cannot be written.
    """
    row = write(instance)
    texts = {name: row.pop(field) for field, name in _TEXTS.items() if row.get(field)}
    texts[_SCRIPT] = row["tests"].pop("script", "")
    row["tests"].pop("files", None)
    if row.pop("context", ""):
        copy(Path(instance.context), folder / _CONTEXT)
        texts[f"{_CONTEXT}/Dockerfile"] = texts.pop("Dockerfile", "")
    if instance.source is not None and instance.source.archive:
        archive = Path(instance.source.archive)
        copy(archive, folder / archive.name)
        row["source"]["archive"] = archive.name
    hidden = {_beside(path): data for path, data in instance.tests.files.items()}
    write_files(folder, {TASK: as_yaml(row), **texts, **hidden})


def _beside(path: str) -> str:
    inner_path(path, "tests.files")
    return f"{_ROOT_FILES}{path}" if path.startswith("/") else f"{_FILES}/{path}"


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for field, name in _TEXTS.items():
        inside = f"{_CONTEXT}/{name}"
        yield field, inside if field == "dockerfile" and (folder / inside).exists() else name


def _read_plan(folder: Path, row: dict[str, object]) -> dict[str, object]:
    plan = mapping(row, "tests")
    if script := read_text(folder / _SCRIPT):
        plan = {"framework": "script"} | plan | {"script": script}
    absolute = {f"/{path}": data for path, data in read_tree(folder / _ROOT_FILES).items()}
    hidden = read_tree(folder / _FILES) | absolute
    return plan | {"files": {**mapping(plan, "files"), **hidden}}


def _read_source(folder: Path, row: dict[str, object]) -> dict[str, object]:
    source = mapping(row, "source")
    if archive := source.get("archive"):
        source["archive"] = str((folder / str(archive)).resolve())
        if not Path(source["archive"]).is_file():
            raise TaskError(f"source.archive: no file {archive} in {folder}")
    return source

"""Reading and writing the files of task folders."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agentrl.errors import StorageError, TaskError

_MOST_BYTES = 256 * 2**20


def read_text(path: Path) -> str:
    """Return a file's text exactly, or an empty one where there is no such file.

    Bytes that are no UTF-8 come back when the text is encoded with ``surrogateescape``.

    Raises:
        TaskError: it cannot be read.
    """
    return read_bytes(path).decode("utf-8", "surrogateescape") if path.exists() else ""


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        TaskError: it cannot be read, or is far too large to belong to a task.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TaskError(f"{path}: larger than {_MOST_BYTES // 2**20} MiB")
        return path.read_bytes()
    except OSError as exc:
        raise TaskError(f"{path}: cannot read it: {exc.strerror}") from None


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path from there; none where there is no folder.

    Raises:
        TaskError: one cannot be read, or is a link that leads out of the folder.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise TaskError(f"{path}: a link out of {folder}; expected a file")
    return {path.relative_to(folder).as_posix(): read_bytes(path) for path in files}


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds.

    Raises:
        TaskError: it cannot be read or is no YAML; names the line.
    """
    try:
        return yaml.safe_load(read_bytes(path))  # not the reader in C, which deep nesting crashes
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise TaskError(f"{path}:{line}: no YAML: {exc.problem}") from None
    except RecursionError:
        raise TaskError(f"{path}: no YAML: nested too deeply") from None
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise TaskError(f"{path}: no YAML: {exc}") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        TaskError: it holds something else.
    """
    value = read_yaml(path)
    if not isinstance(value, dict):
        raise TaskError(f"{path}: expected a mapping of keys to values")
    return {str(key): item for key, item in value.items()}


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises:
        TaskError: it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(read_bytes(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise TaskError(f"{path}: no TOML: {exc}") from None


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder, which is made; empty texts are left out.

    Raises:
        StorageError: they cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            if data or isinstance(data, bytes):
                _write(folder / name, data)
    except OSError as exc:
        raise StorageError(f"{folder}: cannot be written: {exc.strerror}") from exc


def copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder with all that is in it.

    Raises:
        TaskError: it is not there.
        StorageError: it cannot be written.
    """
    if not source.exists():
        raise TaskError(f"{source}: is not there any more, but the task needs it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
    except OSError as exc:
        raise StorageError(f"{target}: cannot be written: {exc}") from exc


def as_yaml(row: Mapping[str, Any]) -> str:
    """Return a mapping as YAML, in its own order."""
    text: str = yaml.safe_dump(dict(row), sort_keys=False, allow_unicode=True, width=100)
    return text


def _write(path: Path, data: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coded = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
    path.write_bytes(coded)
    if coded.startswith(b"#!"):
        path.chmod(0o755)

"""Reading a file of tasks: one JSON object a line, a JSON list, or Parquet."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from agentrl.errors import MissingDependencyError, TaskError


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a ``.parquet`` file, of JSON lines or of a ``.json`` list, from 1.

    A ``.gz`` behind the name of the latter two is unpacked.

    Raises:
        TaskError: the file cannot be read, or a line is no JSON object; names file and line.
        MissingDependencyError: reading a Parquet file needs pyarrow.
    """
    if path.suffix == ".parquet":
        return _parquet_rows(path)
    listed = path.name.removesuffix(".gz").endswith(".json") and _first(path) == "["
    return _listed_rows(path) if listed else _json_rows(path)


def _first(path: Path) -> str:
    """Return the first character of a text file that is no white space."""
    with _open(path) as file, _readable(path):
        return file.read(1000).lstrip()[:1]


def _listed_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _open(path) as file, _readable(path):
        text = file.read()
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as exc:
        raise TaskError(f"{path}:{exc.lineno}: no JSON: {exc.msg} at column {exc.colno}") from None
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise TaskError(f"{path}: entry {number}: expected a JSON object, got {str(row)[:40]}")
        yield number, row


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _open(path) as file, _readable(path):
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _json_row(line, f"{path}:{number}")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as exc:
        raise TaskError(f"{path}: a file of tasks is UTF-8 text: {exc}") from None
    except (gzip.BadGzipFile, EOFError) as exc:
        raise TaskError(f"{path}: cannot unpack it: {exc}") from None


def _open(path: Path) -> IO[str]:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8")
        return path.open(encoding="utf-8")
    except OSError as exc:
        raise TaskError(f"{path}: cannot read it: {exc.strerror}") from None


def _json_row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as exc:
        raise TaskError(f"{place}: no JSON: {exc.msg} at column {exc.colno}") from None
    if not isinstance(row, dict):
        raise TaskError(f"{place}: expected a JSON object with one task, got {line.strip()[:40]}")
    return row


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        raise MissingDependencyError(
            f"{path}: reading Parquet needs pyarrow: pip install 'agentrl[data]'"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            rows = (row for batch in file.iter_batches() for row in batch.to_pylist())
            yield from enumerate(rows, 1)
    except arrow.ArrowInvalid as exc:
        raise TaskError(f"{path}: no Parquet file: {exc}") from None

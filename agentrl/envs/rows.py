"""Reading a file of tasks: one JSON object a line, or Parquet."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from agentrl.errors import MissingDependencyError, TaskError


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a ``.parquet`` file or of JSON lines, also ``.gz``, numbered from 1.

    Raises:
        TaskError: the file cannot be read, or a line is no JSON object; names file and line.
        MissingDependencyError: reading a Parquet file needs pyarrow.
    """
    return _parquet_rows(path) if path.suffix == ".parquet" else _json_rows(path)


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _open(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _json_row(line, f"{path}:{number}")
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

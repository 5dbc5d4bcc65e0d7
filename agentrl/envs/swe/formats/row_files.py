"""Files of rows: JSON lines, JSON, YAML and Parquet."""

import datetime
import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agentrl.envs.swe.formats.files import as_yaml, read_bytes, read_yaml, write_files
from agentrl.errors import MissingDependencyError, TaskError

Placed = tuple[str, dict[str, Any]]
"""Where a row was found, for complaints, and the row."""

_SUFFIXES = (".jsonl", ".json", ".parquet", ".yaml", ".yml")
_LIST = "instances"


def is_row_file(path: Path) -> bool:
    """Return whether a path is called like a file of rows; ``.gz`` may follow."""
    return _suffix(path) in _SUFFIXES


def read_rows(path: Path) -> Iterator[Placed]:
    """Read every row of a file; a list, a mapping from id to row, or under ``instances``.

    Raises:
        TaskError: the file cannot be read; names the line.
        MissingDependencyError: reading Parquet needs pyarrow.
    """
    readers: dict[str, Callable[[Path], Iterator[tuple[str, Any]]]] = {
        ".jsonl": _jsonl,
        ".json": _json,
        ".parquet": _parquet,
        ".yaml": _yaml,
        ".yml": _yaml,
    }
    if not is_row_file(path):
        raise TaskError(f"{path}: expected a file that ends in {', '.join(_SUFFIXES)}")
    for place, row in readers[_suffix(path)](path):
        if not isinstance(row, dict):
            raise TaskError(f"{place}: expected one instance, got {str(row)[:40]}")
        yield place, {str(key): value for key, value in row.items()}


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows into a file, which is replaced.

    Raises:
        TaskError: a row holds a value that such a file cannot.
        MissingDependencyError: writing Parquet needs pyarrow.
        StorageError: the disk refuses.
    """
    suffix = _suffix(path)
    if suffix == ".parquet":
        data = _as_parquet(path, rows)
    elif suffix in (".yaml", ".yml"):
        data = as_yaml({_LIST: list(rows)}).encode("utf-8", "surrogateescape")
    elif suffix == ".json":
        data = _as_json(path, list(rows), 1).encode()
    else:
        data = "".join(_as_json(path, row) for row in rows).encode()
    write_files(path.parent, {path.name: gzip.compress(data) if path.suffix == ".gz" else data})


def _suffix(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", _decoded(line, f"{path}:{number}")


def _json(path: Path) -> Iterator[tuple[str, Any]]:
    return _listed(path, _decoded(_text(path), str(path)))


def _yaml(path: Path) -> Iterator[tuple[str, Any]]:
    return _listed(path, read_yaml(path))


def _listed(path: Path, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the rows of a list, of a mapping from id to row, or a single row."""
    if isinstance(value, dict):
        if isinstance(value.get(_LIST), list):
            value = value[_LIST]
        elif value and all(isinstance(row, dict) for row in value.values()):
            value = list(value.values())
        else:
            value = [value]
    if not isinstance(value, list):
        raise TaskError(f"{path}: expected a list of instances")
    yield from ((f"{path}[{index}]", row) for index, row in enumerate(value))


def _decoded(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        where = place if exc.lineno == 1 else f"{place}:{exc.lineno}"
        raise TaskError(f"{where}: no JSON: {exc.msg} at column {exc.colno}") from None
    except RecursionError:
        raise TaskError(f"{place}: no JSON: nested too deeply") from None


def _text(path: Path) -> str:
    try:
        data = gzip.decompress(read_bytes(path)) if path.suffix == ".gz" else read_bytes(path)
        return data.decode()
    except UnicodeDecodeError as exc:
        raise TaskError(f"{path}: a file of instances is UTF-8 text: {exc}") from None
    except (gzip.BadGzipFile, EOFError) as exc:
        raise TaskError(f"{path}: cannot unpack it: {exc}") from None


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    arrow, parquet = _pyarrow(path)
    try:
        with parquet.ParquetFile(path) as file:
            rows = (row for batch in file.iter_batches(256) for row in batch.to_pylist())
            yield from ((f"{path}[{index}]", row) for index, row in enumerate(rows))
    except (arrow.ArrowInvalid, OSError) as exc:
        raise TaskError(f"{path}: no Parquet file: {exc}") from None


def _as_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> bytes:
    """Return a Parquet file in which every mapping is JSON text, as data sets have it."""
    arrow, parquet = _pyarrow(path)
    flat = [
        {key: _as_json(path, v) if isinstance(v, dict) else v for key, v in row.items()}
        for row in rows
    ]
    columns = dict.fromkeys(key for row in flat for key in row)
    try:
        table = arrow.table({key: [row.get(key) for row in flat] for key in columns})
    except (arrow.ArrowInvalid, arrow.ArrowTypeError) as exc:
        raise TaskError(f"{path}: the rows do not fit into a table: {exc}") from None
    sink = arrow.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise MissingDependencyError(
            f"{path}: Parquet needs pyarrow: pip install 'agentrl[data]'"
        ) from None
    return pyarrow, pyarrow.parquet


def _as_json(path: Path, value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, indent=indent, default=_date) + "\n"
    except (TypeError, ValueError) as exc:
        raise TaskError(f"{path}: a row cannot be written as JSON: {exc}") from None


def _date(value: object) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{value!r} is no text, number, list or mapping")

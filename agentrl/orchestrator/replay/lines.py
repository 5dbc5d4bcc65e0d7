"""Reading the files of a recording, plain or packed."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentrl.errors import RecordError, UsageError

Json = dict[str, Any]


def existing(path: Path, what: str) -> Path:
    """Return a path that exists.

    Raises:
        UsageError: it does not.
    """
    if not path.exists():
        raise UsageError(
            f"no {what} at {path}: the file is absent; recordings do not come with agentrl, so "
            "give the path of yours (docs/orchestrator/pools.md describes the forms)"
        )
    return path


def json_lines(path: Path) -> Iterator[tuple[str, Json]]:
    """Yield every row with the place where it stands.

    Raises:
        UsageError: there is no such file.
        RecordError: the file cannot be unpacked, or a row is no JSON object.
    """
    existing(path, "recording")
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                if line.strip():
                    yield f"{path}:{number}", _row(line, f"{path}:{number}")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as exc:
        raise RecordError(f"{path}: cannot be read: {exc}") from None


def want(row: Json, key: str, kind: type | tuple[type, ...], place: str) -> Any:
    """Return a value of a row.

    Raises:
        RecordError: it is missing or of another type.
    """
    value = row.get(key)
    if not isinstance(value, kind):
        names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        raise RecordError(f"{place}: {key!r} is {value!r}, expected {names}")
    return value


def _row(line: str, place: str) -> Json:
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise RecordError(f"{place}: no JSON: {exc}") from None
    if not isinstance(row, dict):
        raise RecordError(f"{place}: expected an object, got {line.strip()[:80]!r}")
    return row

"""Taking values out of a row, with complaints that name the column."""

import json
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from agentrl.errors import TaskError, nearest

Row: TypeAlias = Mapping[str, Any]
"""One instance as its family publishes it: column to value."""

_NAME_BYTES = 200


def text(row: Row, *columns: str, default: str = "") -> str:
    """Return the first of some columns that holds anything.

    Raises:
        TaskError: it holds no text.
    """
    for column in columns:
        value = row.get(column)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        if value is not None and not isinstance(value, str):
            raise TaskError(f"{column}: expected text in quotes, got {_shown(value)}")
        if value:
            return value
    return default


def identifier(row: Row, column: str) -> str:
    """Return an instance's id, which must also do as the name of a folder.

    Raises:
        TaskError: it is missing or cannot be a name.
    """
    name = text(row, column)
    bad = name in ("", ".", "..") or not name.isprintable() or "/" in name or "\\" in name
    if bad or name != name.strip() or len(name.encode()) > _NAME_BYTES:
        raise TaskError(
            f"{column}: {name[:80]!r} cannot be an id; expected one line without slashes, of at "
            f"most {_NAME_BYTES} bytes"
        )
    return name


def names(row: Row, column: str) -> tuple[str, ...]:
    """Return a list of names, which may be given as JSON text; no column: no names.

    Raises:
        TaskError: it is something else.
    """
    value = decoded(row, column)
    if value is None:
        return ()
    if isinstance(value, str | Mapping) or not isinstance(value, Collection):
        raise TaskError(f"{column}: expected a list of names, got {_shown(value)}")
    if wrong := [name for name in value if not isinstance(name, str)]:
        raise TaskError(f"{column}: expected names, got {_shown(wrong[0])}")
    return tuple(value)


def mapping(row: Row, column: str) -> dict[str, Any]:
    """Return a mapping, which may be given as JSON text; no column: an empty one.

    Raises:
        TaskError: it is something else.
    """
    value = decoded(row, column)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TaskError(f"{column}: expected a mapping, got {_shown(value)}")
    return dict(value)


def decoded(row: Row, column: str) -> Any:
    """Return a value, decoded where it is JSON text.

    Raises:
        TaskError: it is text and no JSON.
    """
    value = row.get(column)
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except json.JSONDecodeError as exc:
        raise TaskError(f"{column}: expected JSON, got {_shown(value)}: {exc}") from None


def number(row: Row, column: str, default: float | None = None) -> float | None:
    """Return a positive number.

    Raises:
        TaskError: it is something else.
    """
    value = row.get(column)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise TaskError(f"{column}: expected a positive number, got {_shown(value)}")
    return value


def switch(row: Row, column: str) -> bool:
    """Return whether a switch is on; no column: it is off.

    Raises:
        TaskError: it is neither true nor false.
    """
    value = row.get(column)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise TaskError(f"{column}: expected true or false, got {_shown(value)}")
    return value


def inner_path(path: str, where: str) -> str:
    """Return a path of a hidden file: from the repository's root, or absolute in the sandbox.

    Raises:
        TaskError: it may lead elsewhere or can be no path.
    """
    parts = path.removeprefix("/").split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise TaskError(f"{where}: {path[:200]!r} can be no file; expected a plain path without ..")
    return path


def others(row: Row, used: Collection[str]) -> dict[str, Any]:
    """Return the columns that are not used, so that writing can keep them."""
    return {key: value for key, value in row.items() if key not in used and value is not None}


def refuse_others(row: Row, known: Collection[str], where: str = "") -> None:
    """Refuse columns that mean nothing.

    Raises:
        TaskError: there is one; names the nearest that is known.
    """
    for key in row:
        if key not in known:
            place = f"{where}." if where else ""
            raise TaskError(
                f"{place}{key}: no such key{nearest(str(key), known)}; known are "
                f"{', '.join(sorted(known))}"
            )


def require(row: Row, *columns: str) -> None:
    """Refuse a row that lacks a column.

    Raises:
        TaskError: names those that are missing.
    """
    if missing := [column for column in columns if row.get(column) is None]:
        raise TaskError(f"lacks {', '.join(missing)}; has {', '.join(map(str, row))}")


def without_empty(row: Row) -> dict[str, Any]:
    """Return the columns that hold anything."""
    return {key: value for key, value in row.items() if value not in ("", None, (), [], {}, False)}


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."

"""Running a query that nobody vouches for on a small SQLite database.

The database is a file that the query's connection can only read, made anew from a task's schema.
An authorizer refuses everything but reading; the length of values, of the query and of what it
returns is limited; and after its time a query is stopped, wherever it is. What remains is that a
query may use the processor for its time, and some temporary disk space.
"""

import math
import sqlite3
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agentrl.errors import UsageError

LIMIT_S = 1.0
"""Longest time for a query, in seconds."""
MOST_ROWS = 10_000
"""A query that returns more has failed."""
MOST_VALUE = 100_000
"""Longest text or blob that a query may make, in bytes."""
MOST_RETURNED = 4 * 2**20
"""A query that returns more characters and bytes in all has failed."""
_MOST_SCHEMA = 8 * 2**20
_EVERY = 1_000
"""After so many of SQLite's instructions the time is looked at."""

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: MOST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 50,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query returned."""

    rows: tuple[Row, ...] = ()
    """In order; numbers to nine digits, so that sums in another order are the same."""
    error: str = ""
    """Why it failed; empty where it did not."""


@dataclass(frozen=True, slots=True)
class Database:
    """The tables of a task, as SQLite stores them."""

    image: bytes
    tables: Mapping[str, tuple[str, ...]]
    """Columns by table, in lower case."""
    statements: str
    """The tables without their rows, as ``CREATE`` statements."""

    @classmethod
    def built(cls, schema: str) -> "Database":
        """Return the database that some statements make.

        Raises:
            UsageError: they fail, or make no table.
        """
        return _built(schema)

    def run(self, query: str, limit_s: float = LIMIT_S) -> Answer:
        """Return what a query returns, or why it fails. It cannot change anything.

        Args:
            query: one statement.
            limit_s: longest time, in seconds.
        """
        with tempfile.TemporaryDirectory(prefix="agentrl-sql-") as folder:
            path = Path(folder) / "tables.db"
            path.write_bytes(self.image)
            connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
            try:
                _restrict(connection, limit_s)
                return _answer(connection, query)
            finally:
                connection.close()


@lru_cache(maxsize=64)
def _built(schema: str) -> Database:
    if len(schema) > _MOST_SCHEMA:
        raise UsageError(
            f"the schema has {len(schema)} characters, expected {_MOST_SCHEMA} at most"
        )
    connection = sqlite3.connect(":memory:")
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.executescript(schema)
        made = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view') AND sql NOT NULL"
        ).fetchall()
        tables = {
            str(name).lower(): tuple(
                str(column).lower()
                for (column,) in connection.execute(
                    "SELECT name FROM pragma_table_info(?)", (name,)
                )
            )
            for name, _ in made
        }
        connection.commit()
        image = connection.serialize() if tables else b""
    except (sqlite3.Error, sqlite3.Warning, ValueError) as exc:
        raise UsageError(f"the schema cannot be built: {exc}") from None
    finally:
        connection.close()
    if not tables:
        raise UsageError("the schema makes no table")
    return Database(image, tables, "\n".join(f"{sql};" for _, sql in made))


def _restrict(connection: sqlite3.Connection, limit_s: float) -> None:
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    deadline = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _EVERY)
    connection.set_authorizer(_allowed)


def _allowed(
    action: int, first: str | None, second: str | None, database: str | None, trigger: str | None
) -> int:
    """Let a query read, and call functions other than the one that loads code."""
    loads = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension"
    return sqlite3.SQLITE_OK if action in _READING and not loads else sqlite3.SQLITE_DENY


def _answer(connection: sqlite3.Connection, query: str) -> Answer:
    rows: list[Row] = []
    size = 0
    try:
        for row in connection.execute(query):
            rows.append(tuple(map(_plain, row)))
            size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if len(rows) > MOST_ROWS or size > MOST_RETURNED:
                return Answer(error=f"more than {MOST_ROWS} rows or {MOST_RETURNED} bytes")
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as exc:
        return Answer(error=f"{type(exc).__name__}: {exc}")
    return Answer(tuple(rows))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.9g}")
    return value

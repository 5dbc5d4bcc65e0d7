"""Queries that nobody vouches for, on a small database."""

import time
from pathlib import Path

import pytest

from agentrl.errors import UsageError
from agentrl.rewards.verify.database import Database

SCHEMA = """
CREATE TABLE items (id INTEGER, name TEXT, price REAL);
INSERT INTO items VALUES (1, 'cup', 2.5), (2, 'pot', 7.0), (3, 'pan', NULL);
"""
COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "


@pytest.fixture
def database() -> Database:
    return Database.built(SCHEMA)


def test_a_query_returns_its_rows(database: Database) -> None:
    answer = database.run("SELECT name, price FROM items WHERE price > 3 OR price IS NULL")

    assert answer.rows == (("pot", 7.0), ("pan", None))
    assert answer.error == ""


def test_a_database_tells_its_tables_but_not_its_rows(database: Database) -> None:
    assert database.tables == {"items": ("id", "name", "price")}
    assert database.statements == "CREATE TABLE items (id INTEGER, name TEXT, price REAL);"


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO items VALUES (4, 'x', 1)",
        "UPDATE items SET price = 0",
        "DELETE FROM items",
        "DROP TABLE items",
        "CREATE TEMP TABLE other AS SELECT 1",
        "PRAGMA query_only = 0",
        "PRAGMA writable_schema = 1",
        "SELECT * FROM pragma_table_info('items')",
        "ATTACH '{folder}/made.db' AS other",
        "VACUUM INTO '{folder}/made.db'",
        "SELECT load_extension('{folder}/made.so')",
        "BEGIN",
        "SELECT 1; DROP TABLE items",
    ],
)
def test_a_query_can_only_read(database: Database, query: str, tmp_path: Path) -> None:
    answer = database.run(query.format(folder=tmp_path))

    assert answer.error
    assert list(tmp_path.iterdir()) == []
    assert database.run("SELECT count(*), sum(price) FROM items").rows == ((3, 9.5),)


@pytest.mark.parametrize(
    "query",
    [
        COUNT + "SELECT count(*) FROM c",
        COUNT + "SELECT group_concat(x) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT randomblob(90000) UNION ALL "
        "SELECT randomblob(90000) FROM c) SELECT x FROM c ORDER BY x",
        "SELECT count(*) FROM items a, items b, items c, items d, items e, items f, items g, "
        "items h, items i, items j, items k, items l, items m, items n, items o, items p",
    ],
)
def test_a_query_without_an_end_is_ended(database: Database, query: str) -> None:
    started = time.perf_counter()

    answer = database.run(query, limit_s=0.3)

    assert "interrupted" in answer.error
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    "query",
    [
        COUNT + "SELECT x FROM c",
        COUNT + "SELECT hex(zeroblob(49000)) FROM c",
        "SELECT zeroblob(1000000000)",
        "SELECT replace(hex(zeroblob(40000)), '0', '000000')",
        "SELECT '\ud800'",
        "SELECT 1\0",
    ],
)
def test_what_a_query_returns_is_limited(database: Database, query: str) -> None:
    assert database.run(query).error


def test_sums_in_another_order_are_the_same(database: Database) -> None:
    assert (
        database.run("SELECT 0.1 + 0.2 + 0.3").rows == database.run("SELECT 0.3 + 0.2 + 0.1").rows
    )


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("CREATE TABEL x (a)", "cannot be built.*syntax error"),
        ("", "makes no table"),
        ("ATTACH '/tmp/x.db' AS x", "cannot be built"),
    ],
)
def test_a_schema_that_makes_nothing_is_refused(schema: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Database.built(schema)

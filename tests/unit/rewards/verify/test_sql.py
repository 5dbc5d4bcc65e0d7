"""A SQL query against a reference query."""

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import MissingDependencyError, UsageError
from agentrl.rewards.verify.sql import (
    Reference,
    SqlFacts,
    canonical,
    facts,
    jaccard,
    names,
    ngrams,
    parse,
    read_reference,
)

pytest.importorskip("sqlglot")

SCHEMA = """
CREATE TABLE users (id INTEGER, name TEXT, age INTEGER);
CREATE TABLE orders (id INTEGER, user_id INTEGER, total REAL);
INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 41);
INSERT INTO orders VALUES (1, 1, 5.5), (2, 1, 2), (3, 2, 9);
"""
JOINED = (
    "SELECT u.name, SUM(o.total) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.name"
)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return read_reference(JOINED, SCHEMA)


@pytest.mark.parametrize(
    "query",
    [
        JOINED,
        JOINED.lower() + "  -- the sums",
        "select name, sum(total) as s from users inner join orders "
        "on orders.user_id = users.id group by name",
    ],
)
def test_the_same_query_in_another_writing_is_equal(reference: Reference, query: str) -> None:
    found = facts(query, reference)

    assert (found.equal, found.schema, found.executes, found.result) == (1.0, 1.0, 1.0, 1.0)


def test_another_query_with_the_same_rows_matches_by_its_result(reference: Reference) -> None:
    found = facts(
        "SELECT name, (SELECT SUM(total) FROM orders WHERE user_id = users.id) FROM users",
        reference,
    )

    assert (found.equal, found.result) == (0.0, 1.0)


def test_partial_facts_by_hand(reference: Reference) -> None:
    found = facts("SELECT name FROM users", reference)

    # users and name, of users, orders, name, total, user_id and id.
    assert found.schema == pytest.approx(2 / 6)
    assert (found.parses, found.executes, found.result, found.equal) == (1.0, 1.0, 0.0, 0.0)


def test_pairs_of_tokens_by_hand() -> None:
    one, other = ngrams("SELECT a FROM t"), ngrams("select a, b from t")

    assert one == {("select", "a"), ("a", "from"), ("from", "t")}
    assert jaccard(one, other) == 2 / 6
    assert ngrams("SELECT") == {("select",)}
    assert ngrams("") == frozenset()


def test_a_query_with_a_wrong_column_reads_and_does_not_run(reference: Reference) -> None:
    found = facts("SELECT nme FROM users", reference)

    assert (found.parses, found.executes) == (1.0, 0.0)
    assert 0 < found.schema < 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "selec",
        "SELECT (",
        "DROP TABLE users",
        "SELECT 1; SELECT 2",
        "PRAGMA table_info(users)",
        "VACUUM",
        "(" * 5000,
        "SELECT " + "NOT " * 2400 + "1",
        "SELECT '" + "x" * 20_000 + "'",
    ],
)
def test_what_is_no_query_has_no_facts(reference: Reference, query: str) -> None:
    assert facts(query, reference) == SqlFacts()


def test_the_order_of_rows_matters_where_the_reference_orders_them() -> None:
    ordered = read_reference("SELECT name FROM users ORDER BY age DESC", SCHEMA)
    free = read_reference("SELECT name FROM users", SCHEMA)

    assert facts("SELECT name FROM users ORDER BY age", ordered).result == 0.0
    assert facts("SELECT name FROM users ORDER BY -age", ordered).result == 1.0
    assert facts("SELECT name FROM users ORDER BY age DESC", free).result == 1.0
    assert facts("SELECT name FROM users UNION ALL SELECT name FROM users", free).result == 0.0


def test_without_a_schema_nothing_runs() -> None:
    found = facts("select NAME from users", read_reference("SELECT name FROM users"))

    assert (found.equal, found.executes, found.result) == (1.0, 0.0, 0.0)


def test_names_a_query_gives_itself_are_not_of_the_schema() -> None:
    query = parse("WITH big AS (SELECT id AS i FROM orders) SELECT i FROM big ORDER BY i")

    assert names(query) == {"orders", ".id"}


def test_canonical_writing_leaves_texts_alone() -> None:
    one, other = (canonical(parse(f"SELECT a FROM t WHERE b = '{x}'")) for x in "xX")

    assert one != other


@pytest.mark.parametrize(
    "query",
    [
        "WITH c0 AS (SELECT * FROM users a, users b)"
        + "".join(f", c{n} AS (SELECT * FROM c{n - 1} a, c{n - 1} b)" for n in range(1, 150))
        + " SELECT * FROM c149",
        "SELECT id + id AS a0"
        + "".join(f", a{n - 1} + a{n - 1} AS a{n}" for n in range(1, 150))
        + " FROM users",
    ],
)
def test_a_query_that_would_grow_without_end_does_not(reference: Reference, query: str) -> None:
    started = time.perf_counter()

    assert facts(query, reference).result == 0.0
    assert time.perf_counter() - started < 5


@settings(deadline=None)
@given(st.text(alphabet="SELCTFROM usersid(),*'\"-;=1 \n", max_size=60))
def test_facts_are_shares_whatever_is_written(text: str) -> None:
    found = facts("SELECT " + text, read_reference(JOINED, SCHEMA))

    for value in (getattr(found, name) for name in SqlFacts.__slots__):
        assert 0 <= value <= 1


@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_overlap_is_symmetric_and_bounded(one: set[int], other: set[int]) -> None:
    assert 0 <= jaccard(one, other) <= 1
    assert jaccard(one, other) == jaccard(other, one)
    assert (jaccard(one, other) == 1) == (one == other)


@pytest.mark.parametrize(
    ("query", "schema", "message"),
    [
        ("SELEC 1", None, "no SQL query that can be read"),
        ("DELETE FROM users", None, "no SQL query"),
        ("SELECT x FROM users", SCHEMA, "fails on its own schema: .*no such column"),
        ("SELECT 1", "CREATE x", "cannot be built"),
    ],
)
def test_a_reference_that_cannot_serve_is_refused(
    query: str, schema: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        read_reference(query, schema)


def test_without_sqlglot_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlglot", None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'agentrl\[rewards\]'"):
        parse("SELECT 1")

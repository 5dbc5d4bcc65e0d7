"""A SQL query against a reference query: how alike they are, and whether they return the same.

The partial facts are those of Reasoning-SQL (arXiv 2503.23157): the syntax, the overlap of tables
and columns, and the overlap of n-grams; its fourth, a model's opinion, is a judge's business. The
dialect is SQLite's.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from agentrl.errors import MissingDependencyError, UsageError
from agentrl.rewards.verify.database import Answer, Database

MOST_CHARS = 10_000
"""A longer query is none."""

_DIALECT = "sqlite"


@dataclass(frozen=True, slots=True)
class Reference:
    """A right query, parsed once."""

    text: str
    query: Any
    database: Database | None = None
    answer: Answer | None = None
    """What it returns, where there is a database."""


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """What a query is in comparison with the reference; everything from 0 to 1."""

    parses: float = 0.0
    """Whether it is one query that reads."""
    schema: float = 0.0
    """Tables and columns that both use, over those that either uses."""
    ngrams: float = 0.0
    """Pairs of neighboring tokens that both have, over those that either has."""
    equal: float = 0.0
    """Whether both are the same query, written in whatever way."""
    executes: float = 0.0
    """Whether it runs on the database; 0 without one."""
    result: float = 0.0
    """Whether it returns the same rows; 0 without a database."""


def read_reference(text: str, schema: str | None = None) -> Reference:
    """Return a right query, and what it returns on a database made from ``schema``.

    Args:
        text: the query.
        schema: statements that make the tables and fill them; None: nothing is executed.

    Raises:
        UsageError: it is no query, the schema cannot be built or the query fails on it.
        MissingDependencyError: sqlglot is not installed.
    """
    query = parse(text)
    if query is None:
        raise UsageError(f"the reference {text[:80]!r} is no SQL query that can be read")
    if schema is None:
        return Reference(text, query)
    database = Database.built(schema)
    answer = database.run(text)
    if answer.error:
        raise UsageError(f"the reference {text[:80]!r} fails on its own schema: {answer.error}")
    return Reference(text, query, database, answer)


def facts(text: str, reference: Reference) -> SqlFacts:
    """Return what a query is in comparison with the reference."""
    query = parse(text)
    if query is None:
        return SqlFacts()
    written = canonical(query, reference.database)
    equal = bool(written) and written == canonical(reference.query, reference.database)
    answer = reference.database.run(text) if reference.database else None
    return SqlFacts(
        parses=1.0,
        schema=jaccard(names(query), names(reference.query)),
        ngrams=jaccard(ngrams(text), ngrams(reference.text)),
        equal=float(equal),
        executes=float(answer is not None and not answer.error),
        result=float(answer is not None and _same(answer, reference)),
    )


def parse(text: str) -> Any:
    """Return the parsed query; None where the text is not exactly one that only reads."""
    if len(text) > MOST_CHARS:
        return None
    sqlglot = _sqlglot()
    try:
        statements = [s for s in sqlglot.parse(text, read=_DIALECT) if s is not None]
    except _parser_errors():
        return None
    if len(statements) != 1 or not isinstance(statements[0], sqlglot.exp.Query):
        return None
    return statements[0]


def names(query: Any) -> frozenset[str]:
    """Return the tables and columns that a query names, in lower case.

    Names that the query itself gives (aliases, common table expressions) are none of the schema's.
    """
    exp = _sqlglot().exp
    given = {str(cte.alias).lower() for cte in query.find_all(exp.CTE)}
    tables = {str(table.name).lower() for table in query.find_all(exp.Table)} - given
    columns = {f".{column.name}".lower() for column in query.find_all(exp.Column)}
    aliases = {f".{alias.alias}".lower() for alias in query.find_all(exp.Alias)}
    return frozenset((tables | (columns - aliases)) - {""})


def ngrams(text: str, size: int = 2) -> frozenset[tuple[str, ...]]:
    """Return the runs of ``size`` tokens of a query, in lower case; of a shorter one, itself.

    Pairs are our choice: the size is not known to us.
    """
    sqlglot = _sqlglot()
    try:
        tokens = [str(token.text).lower() for token in sqlglot.tokenize(text, read=_DIALECT)]
    except _parser_errors():
        return frozenset()
    size = min(size, len(tokens))
    runs = (tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1))
    return frozenset(run for run in runs if run)


def jaccard(one: Iterable[Any], other: Iterable[Any]) -> float:
    """Return the size of the intersection over that of the union; 1 for two empty sets.

    >>> jaccard("ab", "bc")
    0.3333333333333333
    """
    left, right = set(one), set(other)
    return len(left & right) / len(left | right) if left or right else 1.0


def canonical(query: Any, database: Database | None = None) -> str:
    """Return a query in one way of writing, empty where it has none.

    Case, quotes, comments, spacing, ``INNER`` and the names of tables' and columns' aliases do not
    matter. With a database, columns get their tables, so that ``name`` and ``t.name`` are the same.
    """
    plain = query.copy()
    try:
        plain = _renamed(_qualified(plain, database))
        return str(plain.sql(dialect=_DIALECT, normalize=True, identify=True, comments=False))
    except _parser_errors():
        return ""


def _qualified(query: Any, database: Database | None) -> Any:
    from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
    from sqlglot.optimizer.qualify import qualify

    plain = normalize_identifiers(query, dialect=_DIALECT)
    if database is None:
        return plain
    schema: dict[str, object] = {
        table: dict.fromkeys(columns, "text") for table, columns in database.tables.items()
    }
    try:  # expanding stars and aliases could make a short query endlessly long
        return qualify(
            plain.copy(),
            schema=schema,
            dialect=_DIALECT,
            expand_alias_refs=False,
            expand_stars=False,
        )
    except _parser_errors():  # as where a column does not exist
        return plain


def _renamed(query: Any) -> Any:
    """Return the query with aliases replaced by numbers, in the order they stand."""
    exp = _sqlglot().exp
    tables = list(query.find_all(exp.Table, exp.Subquery, bfs=False))
    numbers = {alias: f"t{n}" for n, alias in enumerate(dict.fromkeys(t.alias for t in tables))}
    for table in tables:
        if table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(numbers[table.alias])))
    outputs = {one.alias: f"c{n}" for n, one in enumerate(query.selects) if one.alias}
    for n, one in enumerate(query.selects):
        if isinstance(one, exp.Alias):
            one.set("alias", exp.to_identifier(f"c{n}"))
    for column in query.find_all(exp.Column):
        if column.table in numbers:
            column.set("table", exp.to_identifier(numbers[column.table]))
        elif not column.table and column.name in outputs:
            column.set("this", exp.to_identifier(outputs[column.name]))
    for join in query.find_all(exp.Join):
        if join.kind == "INNER":
            join.set("kind", None)
    return query


def _same(answer: Answer, reference: Reference) -> bool:
    wanted = reference.answer
    if answer.error or wanted is None:
        return False
    if reference.query.args.get("order"):
        return answer.rows == wanted.rows
    return Counter(answer.rows) == Counter(wanted.rows)


@cache
def _parser_errors() -> tuple[type[Exception], ...]:
    """Return what sqlglot raises where a model's text surprises it."""
    return (
        _sqlglot().errors.SqlglotError,
        RecursionError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        AssertionError,
    )


def _sqlglot() -> Any:
    try:
        import sqlglot
    except ModuleNotFoundError:
        raise MissingDependencyError(
            "SQL is compared with sqlglot: pip install 'agentrl[rewards]'"
        ) from None
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what a model writes
    return sqlglot

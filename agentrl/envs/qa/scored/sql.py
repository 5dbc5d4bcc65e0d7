"""Questions whose answers are SQL queries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agentrl.envs.code.answer import program_of
from agentrl.envs.qa.grade import Grade, Rules, after_thought
from agentrl.errors import MissingDependencyError, TaskError, UsageError
from agentrl.rewards.verify.sql import Reference, facts, read_reference


@dataclass(frozen=True, slots=True)
class SqlScorer:
    """Facts: ``sql_parses``, ``sql_schema``, ``sql_ngrams``, ``sql_equal``, ``sql_executes``,
    ``sql_result``. A success returns the reference's rows; without a schema it is equal to it.
    """

    reference: Reference
    form: str = "Answer with one SQLite query in a fenced block; the last block counts."

    @property
    def shown(self) -> str:
        database = self.reference.database
        return f"\n{database.statements}" if database else ""

    @property
    def expert(self) -> str:
        return f"```sql\n{self.reference.text}\n```"

    def grade(self, answer: str) -> Grade:
        found = facts(program_of(after_thought(answer)).strip(), self.reference)
        success = found.result if self.reference.database else found.equal
        return Grade(
            bool(success), success, {f"sql_{name}": value for name, value in asdict(found).items()}
        )


def read_sql(data: Mapping[str, Any], rules: Rules) -> SqlScorer:
    """Return the scorer of a row with a query as ``answer``, and where wanted a ``schema``.

    Raises:
        TaskError: the query is none, or fails on the schema.
        MissingDependencyError: sqlglot is not installed.
    """
    answer, schema = data.get("answer"), data.get("schema")
    if not isinstance(answer, str) or not isinstance(schema, str | None):
        raise TaskError(f"'answer' is {answer!r} and 'schema' {schema!r}, expected SQL as texts")
    try:
        return SqlScorer(read_reference(answer.strip().rstrip(";"), schema))
    except MissingDependencyError:
        raise
    except UsageError as exc:
        raise TaskError(str(exc)) from None

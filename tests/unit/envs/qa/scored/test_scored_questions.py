"""Questions whose answers earn partial credit."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.envs.qa.env import QAEnv
from agentrl.envs.qa.question import read_question
from agentrl.errors import TaskError, UsageError
from agentrl.task import Task

pytest.importorskip("sqlglot")
pytest.importorskip("sacrebleu")

SCHEMA = "CREATE TABLE cups (color TEXT, size INTEGER); INSERT INTO cups VALUES ('red', 3);"
BLEU = {"question": "Say it.", "kind": "bleu", "answer": "The red cup stands on the table."}
SQL = {
    "question": "Which colors?",
    "kind": "sql",
    "answer": "SELECT color FROM cups;",
    "schema": SCHEMA,
}
CALL = {"name": "weather", "parameters": {"city": "Oslo"}}
TOOLS = {
    "question": "How is the weather in Oslo?",
    "kind": "tool_calls",
    "answer": [CALL],
    "tools": [{"name": "weather", "parameters": {"city": "text"}}],
}
SELECTION = {
    "question": "Which are prime?",
    "kind": "selection",
    "choices": ["4", "5", "6", "7"],
    "answer": ["5", "D"],
}
ROWS = [BLEU, SQL, TOOLS, SELECTION]


def begun(row: dict[str, Any], **options: Any) -> QAEnv:
    env = QAEnv(**options)
    env.reset(seed=0, options={"task": Task("q", data=row)})
    return env


def outcome_of(row: dict[str, Any], answer: str, **options: Any) -> dict[str, float]:
    info = begun(row, **options).step(answer)[4]
    assert (
        dict(info["outcome"]).items()
        >= {k: v for k, v in info["signals"].items() if k != "format_ok"}.items()
    )
    return dict(info["outcome"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["kind"])
def test_the_expert_succeeds_and_silence_does_not(row: dict[str, Any]) -> None:
    env = begun(row)
    silent = env.outcome()

    outcome = outcome_of(row, str(env.expert_action()))

    assert outcome["success"] == 1.0
    assert outcome["score"] == pytest.approx(1.0)
    assert (silent["success"], silent["score"]) == (0.0, 0.0)
    assert silent.keys() == outcome.keys()


def test_a_text_counts_by_its_bleu_behind_the_thought() -> None:
    near = outcome_of(BLEU, "<think>Hm.</think> The red cup stands on the floor.")

    assert 0.5 < near["bleu"] == near["score"] < 1
    assert near["success"] == 1.0
    strict = outcome_of(BLEU, "The red cup stands on the floor.", bleu_success=0.95)
    assert strict["success"] == 0.0
    with pytest.raises(UsageError, match="bleu_success is 0"):
        QAEnv(bleu_success=0)


def test_a_query_counts_by_the_rows_it_returns() -> None:
    env = begun(SQL)
    assert env.render() == "Which colors?\n\nCREATE TABLE cups (color TEXT, size INTEGER);"

    other = outcome_of(SQL, "So:\n```sql\nSELECT color FROM cups WHERE size > 1\n```")
    wrong = outcome_of(SQL, "SELECT size FROM cups")

    assert (other["success"], other["sql_result"], other["sql_equal"]) == (1.0, 1.0, 0.0)
    assert (wrong["success"], wrong["sql_executes"], wrong["sql_schema"]) == (0.0, 1.0, 1 / 3)
    bare = {key: value for key, value in SQL.items() if key != "schema"}
    assert outcome_of(bare, "select COLOR from cups")["success"] == 1.0
    assert outcome_of(bare, "SELECT color FROM cups WHERE size > 1")["success"] == 0.0


def test_calls_count_by_names_and_values() -> None:
    call = {"name": "weather", "parameters": {"city": "Rome"}}
    answer = f"<think>so</think>\n<tool_call>\n{json.dumps(call)}\n</tool_call>"

    found = outcome_of(TOOLS, answer)
    coarse = outcome_of(TOOLS, answer, tool_detail="coarse")

    assert found["tool_match"] == pytest.approx(2 / 3)  # names and keys, not the value
    assert found["tool_correctness"] == pytest.approx(1.0)
    assert (found["tool_format"], found["tool_parsed"], found["success"]) == (1.0, 1.0, 0.0)
    assert (coarse["tool_match"], coarse["tool_correctness"]) == (0.0, -3.0)
    assert outcome_of(TOOLS, "It is sunny.")["tool_correctness"] == -3.0
    assert "weather" in str(begun(TOOLS).render())


def test_where_no_tool_helps_a_reply_is_right() -> None:
    row = {**TOOLS, "answer": []}

    reply = outcome_of(row, "<think>so</think>\n<response>Hello.</response>")
    call = outcome_of(row, begun(TOOLS).expert_action() or "")

    assert (reply["success"], reply["tool_match"], reply["tool_correctness"]) == (1.0, 1.0, 0.0)
    assert (call["success"], call["tool_match"], call["tool_correctness"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("answer", "score", "success"),
    [
        ("The answer is B, D.", 1.0, 1.0),
        ("5 and 7", 1.0, 1.0),
        ("(b), and (d)", 1.0, 1.0),
        ("The answer is D", 0.5, 0.0),
        ("A, B, D", 0.5, 0.0),
        ("A, B, C, D", 0.0, 0.0),
        ("A", -0.5, 0.0),
        ("none", -1.0, 0.0),
        ("B, D, and whatever else", 0.5, 0.0),
    ],
)
def test_a_selection_earns_by_what_is_right_less_what_is_wrong(
    answer: str, score: float, success: float
) -> None:
    outcome = outcome_of(SELECTION, answer)

    assert (outcome["selection_score"], outcome["success"]) == (score, success)
    assert outcome["score"] == max(0.0, score)


def test_a_selection_may_be_empty_or_without_choices() -> None:
    nothing = {**SELECTION, "answer": []}
    free = {"question": "Name the primes below 6.", "kind": "selection", "answer": ["2", "3", "5"]}

    assert begun(nothing).expert_action() == "The answer is none."
    assert outcome_of(nothing, "none")["success"] == 1.0
    assert outcome_of(nothing, "A")["success"] == 0.0
    assert outcome_of(free, "The answer is 5, 3, 2")["success"] == 1.0
    assert outcome_of(free, "2, 3, 4")["selection_score"] == pytest.approx(2 / 3 - 1 / 3)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (BLEU | {"answer": 3}, "'answer' is 3"),
        (BLEU | {"aliases": [" "]}, "expected texts"),
        (SQL | {"answer": "SELEC"}, "no SQL query that can be read"),
        (SQL | {"answer": "SELECT x FROM cups"}, "no such column"),
        (SQL | {"schema": 3}, "expected SQL as texts"),
        (TOOLS | {"answer": 3}, "expected a list of calls"),
        (TOOLS | {"answer": [{"tool": "x"}]}, "has no calls that can be read"),
        (TOOLS | {"answer": "Hello."}, "expected <think>"),
        (TOOLS | {"tools": "weather"}, "'tools' is 'weather', expected a list"),
        (SELECTION | {"answer": "B"}, "'answer' is 'B', expected a list"),
        (SELECTION | {"answer": ["E"]}, "'answer' holds 'E', expected a choice or its letter"),
        (SELECTION | {"choices": ["5"]}, "'choices' has 1 entries"),
        (SELECTION | {"choices": [], "answer": ["a, b"]}, "a text without"),
    ],
)
def test_a_row_that_cannot_be_graded_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        read_question(row)


@settings(deadline=None)
@given(st.sampled_from(ROWS), st.text(max_size=40))
def test_every_answer_has_facts_within_bounds(row: dict[str, Any], answer: str) -> None:
    grade = read_question(row).grade(answer + "x")

    assert grade is not None
    assert 0 <= grade.score <= 1
    low = {"tool_correctness": -3.0, "selection_score": -1.0}
    for name, value in grade.facts.items():
        assert low.get(name, 0.0) <= value <= (3.0 if name == "tool_correctness" else 40.0)

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.tasks import load_tasks, world_seed
from agentrl.errors import SuiteError, TaskError
from agentrl.suite import Suite, load_suite
from agentrl.task import Task

QUESTIONS = [{"question": f"What is {n} + 1?", "answer": n + 1} for n in range(5)]


def suite(folder: Path, tasks: str, env: str = "agentrl/QA-v0") -> Suite:
    path = folder / "suite.yaml"
    path.write_text(
        f"name: t\nenv: {{id: {env}}}\ntasks:\n  {tasks}\nagent: {{kind: expert}}\n",
        encoding="utf-8",
    )
    return load_suite(path)


def lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_rows_without_an_id_are_called_after_their_file_and_line(tmp_path: Path) -> None:
    text = lines(QUESTIONS[:1]) + "\n" + lines([{"id": "mine"} | QUESTIONS[1], QUESTIONS[2]])
    (tmp_path / "sums.v1.jsonl").write_text(text)

    tasks = load_tasks(suite(tmp_path, "file: sums.v1.jsonl"))

    assert [task.id for task in tasks] == ["sums-1", "mine", "sums-4"]
    assert tasks[0].data == QUESTIONS[0]


def test_a_packed_file_holds_the_same_tasks(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text(lines(QUESTIONS))
    with gzip.open(tmp_path / "sums.jsonl.gz", "wt") as file:
        file.write(lines(QUESTIONS))

    plain = load_tasks(suite(tmp_path, "file: sums.jsonl"))

    assert load_tasks(suite(tmp_path, "file: sums.jsonl.gz")) == plain


def test_a_json_list_holds_the_same_tasks(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text(lines(QUESTIONS))
    (tmp_path / "sums.json").write_text(json.dumps(QUESTIONS, indent=2))

    plain = load_tasks(suite(tmp_path, "file: sums.jsonl"))

    assert load_tasks(suite(tmp_path, "file: sums.json")) == plain


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{},\n oops]", r"rows\.json:2: no JSON"),
        ("[1]", r"rows\.json: entry 1: expected a JSON object, got 1"),
        ("[]", r"rows\.json: holds no task"),
    ],
)
def test_a_json_list_of_no_tasks_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "rows.json").write_text(content)

    with pytest.raises(TaskError, match=message):
        load_tasks(suite(tmp_path, "file: rows.json"))


def test_a_parquet_file_holds_the_same_tasks(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "sums.jsonl").write_text(lines(QUESTIONS))
    parquet.write_table(arrow.Table.from_pylist(QUESTIONS), tmp_path / "sums.parquet")

    plain = load_tasks(suite(tmp_path, "file: sums.jsonl"))

    assert load_tasks(suite(tmp_path, "file: sums.parquet")) == plain


def test_a_limit_takes_the_first_tasks_and_reads_no_further(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text(lines(QUESTIONS[:2]) + "torn")

    tasks = load_tasks(suite(tmp_path, "{file: sums.jsonl, limit: 2}"))

    assert [task.id for task in tasks] == ["sums-1", "sums-2"]


def test_parts_are_dealt_out_and_share_no_task(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text(lines(QUESTIONS))

    parts = [
        [task.id for task in load_tasks(suite(tmp_path, f"{{file: sums.jsonl, part: [{k}, 2]}}"))]
        for k in range(2)
    ]

    assert parts == [["sums-1", "sums-3", "sums-5"], ["sums-2", "sums-4"]]


def test_a_limit_counts_the_tasks_of_the_part(tmp_path: Path) -> None:
    (tmp_path / "sums.jsonl").write_text(lines(QUESTIONS))

    tasks = load_tasks(suite(tmp_path, "{file: sums.jsonl, part: [1, 2], limit: 1}"))

    assert [task.id for task in tasks] == ["sums-2"]


def test_a_part_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="parts count from 0 to 1"):
        suite(tmp_path, "{file: sums.jsonl, part: [2, 2]}")


def test_inline_tasks_keep_group_and_seed(tmp_path: Path) -> None:
    tasks = load_tasks(
        suite(
            tmp_path,
            "inline:\n  - {id: a, group: g, seed: 7, question: '1 + 1?', answer: 2}\n"
            "  - {question: '1 + 2?', answer: 3}",
        )
    )

    assert tasks[0] == Task("a", "g", 7, {"question": "1 + 1?", "answer": 2})
    assert tasks[1].id == "task-2"


def test_generated_tasks_follow_from_the_seed(tmp_path: Path) -> None:
    first = load_tasks(suite(tmp_path, "generate: {count: 3, seed: 5}"))

    assert first == load_tasks(suite(tmp_path, "generate: {count: 3, seed: 5}"))
    assert first != load_tasks(suite(tmp_path, "generate: {count: 3, seed: 9}"))
    assert len(first) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": "a", "answer": 1}\n{"question"', r"rows\.jsonl:2: no JSON: .* column 12"),
        ("[1, 2]\n", r"rows\.jsonl:1: expected a JSON object .* got \[1, 2\]"),
        ("\n\n", r"rows\.jsonl: holds no task"),
        ('{"question": "a"}\n', r"rows\.jsonl:1: 'answer' is None"),
        ('{"id": [], "question": "a", "answer": 1}\n', r"rows\.jsonl:1: 'id' is \[\]"),
    ],
)
def test_a_row_that_is_no_task_is_named_by_file_and_line(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "rows.jsonl").write_text(content)

    with pytest.raises(TaskError, match=message):
        load_tasks(suite(tmp_path, "file: rows.jsonl"))


def test_two_tasks_with_one_id_are_refused_with_both_lines(tmp_path: Path) -> None:
    rows = [{"id": name} | QUESTIONS[0] for name in ("a", "b", "a")]
    (tmp_path / "rows.jsonl").write_text(lines(rows))

    with pytest.raises(TaskError, match=r"rows\.jsonl:3: the id 'a' .* at \S*rows\.jsonl:1;"):
        load_tasks(suite(tmp_path, "file: rows.jsonl"))


def test_an_inline_row_that_is_no_task_is_named_by_its_line(tmp_path: Path) -> None:
    inline = "inline:\n  - {question: a, answer: 1}\n  - {question: b}"

    with pytest.raises(SuiteError, match=r"suite\.yaml:6: tasks\.inline\[1\]: 'answer' is None"):
        load_tasks(suite(tmp_path, inline))


def test_two_inline_tasks_with_one_id_are_refused_with_both_lines(tmp_path: Path) -> None:
    row = "- {id: a, question: b, answer: 1}"

    with pytest.raises(TaskError, match=r"suite\.yaml:6: the id 'a' .* at \S*suite\.yaml:5"):
        load_tasks(suite(tmp_path, f"inline:\n  {row}\n  {row}"))


def test_a_missing_file_is_named_with_the_line_that_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"suite\.yaml:4: tasks\.file: no file 'none\.jsonl'"):
        load_tasks(suite(tmp_path, "file: none.jsonl"))


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.jsonl", "rows.parquet"])
def test_a_file_of_another_format_is_refused(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(b"\xff\xfe\x00 no tasks here")

    with pytest.raises(TaskError, match=name):
        load_tasks(suite(tmp_path, f"file: {name}"))


def test_the_world_seed_is_the_tasks_own_or_follows_from_suite_and_id() -> None:
    assert world_seed(3, Task("a", seed=11)) == 11
    assert world_seed(3, Task("a")) == world_seed(3, Task("a", group="other"))
    assert len({world_seed(s, Task(t)) for s in range(20) for t in "abcde"}) == 100
    assert all(0 <= world_seed(s, Task("a")) < 2**31 for s in range(100))

"""Tests of the questions of a recording as an environment."""

import json
from pathlib import Path

import pytest

from agentrl.errors import SuiteError, TaskError, UsageError
from agentrl.orchestrator.replay.env import RecordedEnv
from agentrl.suite.orchestrator import PoolSpec
from agentrl.task import Task
from tests.unit.orchestrator.recordings import write_zeroeval


def outcome(answer: str) -> float:
    env = RecordedEnv()
    task = Task("q", data={"question": "How many?", "answer": "18"})
    env.reset(seed=0, options={"task": task})
    env.step(answer)
    return env.outcome()["success"]


def test_only_the_reference_itself_is_right() -> None:
    assert outcome(" 18\n") == 1.0
    assert outcome("18 (wrong)") == 0.0


def test_a_folder_has_the_questions_of_all_its_tasks(tmp_path: Path) -> None:
    for task in ("sums", "others"):
        write_zeroeval(tmp_path, task, items=2)

    rows = [row for _, row in RecordedEnv.rows(tmp_path)]

    assert [row["group"] for row in rows] == ["others", "others", "sums", "sums"]
    assert RecordedEnv.task(rows[0], 1).data["answer"] == "18"


def test_a_file_has_those_of_its_task(tmp_path: Path) -> None:
    for task in ("sums", "others"):
        write_zeroeval(tmp_path, task, items=2)

    rows = list(RecordedEnv.rows(tmp_path / "sums.items.jsonl.gz"))

    assert [(number, row["id"]) for number, row in rows] == [(1, "sums-0"), (2, "sums-1")]


def test_where_only_verdicts_were_recorded_a_word_stands_for_the_reference(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text("prompt,big\nHow many?,True\n")

    ((_, row),) = RecordedEnv.rows(tmp_path / "some.csv")

    assert (row["question"], row["answer"]) == ("How many?", "right")


def test_our_own_form_is_read(tmp_path: Path) -> None:
    line = {"item": "q", "model": "m", "text": "It is 18.", "question": "?", "reference": "18"}
    (tmp_path / "own.jsonl").write_text(json.dumps(line) + "\n")

    ((_, row),) = RecordedEnv.rows(tmp_path / "own.jsonl")

    assert (row["id"], row["answer"]) == ("q", "18")


def test_a_missing_recording_is_told() -> None:
    with pytest.raises(UsageError, match="recordings do not come with agentrl"):
        list(RecordedEnv.rows(Path("nowhere")))


def test_a_task_without_an_answer_is_refused() -> None:
    with pytest.raises(TaskError, match="'answer' is None"):
        RecordedEnv.task({"id": "q", "question": "?"}, 1)


def test_a_replay_worker_needs_a_recording_of_its_own_or_of_the_pool() -> None:
    workers = {"m": {"kind": "replay"}}

    with pytest.raises((ValueError, SuiteError), match="names no file"):
        PoolSpec.model_validate({"workers": workers})
    pool = PoolSpec.model_validate({"workers": workers, "recordings": "here"})
    assert pool.recordings == "here"

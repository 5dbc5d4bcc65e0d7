"""Tests of recorded answers as workers, over small recordings in each form."""

import asyncio
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Usage
from agentrl.errors import RecordError, UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.pool import build_pool
from agentrl.orchestrator.replay.jsonl import read_jsonl
from agentrl.orchestrator.replay.recording import Item, Recorded, Recording
from agentrl.orchestrator.replay.routellm import read_routellm
from agentrl.orchestrator.replay.said import Says
from agentrl.orchestrator.replay.worker import ReplayWorker
from agentrl.orchestrator.replay.zeroeval import read_zeroeval
from agentrl.orchestrator.worker import Descriptor, Request, WorkerFailedError
from agentrl.suite.orchestrator import PoolSpec
from agentrl.task import Task

Row = Mapping[str, Any]


def write(path: Path, rows: Sequence[Row]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def asked(task: str = "q1", seed: int = 0, **data: Any) -> Request:
    return Request(Task(task, data=data), (Message("user", "x" * 40),), "x", seed=seed)


def said(worker: ReplayWorker, request: Request) -> str:
    return asyncio.run(worker.answer(request)).text


def replay(
    recorded: Sequence[Recorded], says: Says = "text", item: Item | None = None
) -> ReplayWorker:
    item = item or Item("q1", "How many?", "18")
    recording = Recording("here", {item.id: item}, {("m", item.id): tuple(recorded)}, ("m",))
    return ReplayWorker("w", recording, "m", Descriptor(1.0, 2.0), says)


@pytest.fixture
def zeroeval(tmp_path: Path) -> Path:
    items = [
        {"id": "g-0", "question": "6 * 3?", "answer": "# 18", "prompt_chars": 400},
        {"id": "g-1", "question": "1 + 1?", "answer": "# 2", "prompt_chars": 100},
    ]
    outcomes = [
        {"id": "g-0", "model": "big", "correct": 1, "answer": "18", "out_chars": 80},
        {"id": "g-1", "model": "big", "correct": 0, "answer": "3", "out_chars": 8},
        {"id": "g-0", "model": "small", "correct": 0, "answer": "9", "out_chars": 20},
    ]
    outputs = [{"id": "g-0", "model": "big", "output": "It is 18."}]
    price = {"usd_per_1M_in": 3.0, "usd_per_1M_out": 15.0}
    write(tmp_path / "gsm.items.jsonl.gz", items)
    write(tmp_path / "gsm.outcomes.jsonl.gz", outcomes)
    write(tmp_path / "gsm.outputs.jsonl.gz", outputs)
    (tmp_path / "prices.json").write_text(json.dumps({"prices": {"big": price}}))
    return tmp_path


def test_zeroeval_tokens_are_counted_and_priced(zeroeval: Path) -> None:
    worker = {"kind": "replay", "file": str(zeroeval), "format": "zeroeval", "model": "big"}
    pool = build_pool(PoolSpec.model_validate({"workers": {"w": worker}}))

    answer = asyncio.run(pool["w"].answer(asked("g-0")))

    assert answer.text == "It is 18."
    assert answer.generation.usage == Usage(100, 20)
    assert answer.generation.cost_usd == pytest.approx((100 * 3 + 20 * 15) / 1e6)
    assert answer.generation.model == "big"


def test_zeroeval_references_lose_their_mark(zeroeval: Path) -> None:
    recording = read_zeroeval(zeroeval)

    assert [item.answer for item in recording.items.values()] == ["18", "2"]
    assert recording.models == ("big", "small")
    assert recording.prices == {"big": (3.0, 15.0)}


def test_a_model_without_a_price_in_the_list_has_none(zeroeval: Path) -> None:
    worker = {"kind": "replay", "file": str(zeroeval), "format": "zeroeval"}
    pool = build_pool(PoolSpec.model_validate({"workers": {"big": worker, "small": worker}}))

    with pytest.raises(UsageError, match="no price for small"):
        pool.require_prices("the reward")


def test_an_item_that_a_model_was_not_asked_is_its_failure(zeroeval: Path) -> None:
    worker = {"kind": "replay", "file": str(zeroeval), "format": "zeroeval"}
    pool = build_pool(PoolSpec.model_validate({"workers": {"small": worker}}))

    with pytest.raises(WorkerFailedError, match="was never asked item 'g-1'"):
        asyncio.run(pool["small"].answer(asked("g-1")))


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"model": "bigg"}, r"no answers of a model 'bigg' \(did you mean big\?\)"),
        ({"tasks": ["gms"]}, r"no task 'gms' \(did you mean gsm\?\)"),
        ({"file": "/nowhere/at/all"}, "no ZeroEval recording at /nowhere/at/all: .* is absent"),
    ],
)
def test_a_recording_that_lacks_something_says_what(
    zeroeval: Path, more: Row, problem: str
) -> None:
    worker = {"kind": "replay", "file": str(zeroeval), "format": "zeroeval", "model": "big", **more}

    with pytest.raises(UsageError, match=problem):
        build_pool(PoolSpec.model_validate({"workers": {"w": worker}}))


def test_one_trial_is_the_same_for_every_seed() -> None:
    worker = replay([Recorded("only")])

    assert {said(worker, asked(seed=seed)) for seed in range(20)} == {"only"}


def test_several_trials_are_drawn_evenly_by_the_seed() -> None:
    worker = replay([Recorded("a"), Recorded("b"), Recorded("c")])

    drawn = [said(worker, asked(seed=seed)) for seed in range(600)]

    assert drawn == [said(worker, asked(seed=seed)) for seed in range(600)]
    assert all(150 < drawn.count(text) < 250 for text in "abc")


@given(st.integers(), st.integers(1, 6))
def test_a_trial_is_always_one_that_was_recorded(seed: int, trials: int) -> None:
    worker = replay([Recorded(f"trial {i}") for i in range(trials)])

    assert said(worker, asked(seed=seed)) in {f"trial {i}" for i in range(trials)}


@pytest.mark.parametrize(
    ("says", "recorded", "text"),
    [
        ("text", Recorded("all of it", "18", True), "all of it"),
        ("text", Recorded(None, "18", True), "18"),
        ("answer", Recorded("all of it", "$18", True), "$18"),
        ("graded", Recorded("all of it", "$18", True), "18"),
        ("graded", Recorded("all of it", "17", False), "17"),
        ("graded", Recorded("all of it", "18", False), "18 (wrong)"),
        ("graded", Recorded(None, None, False), "wrong (w)"),
        ("graded", Recorded("only a text"), "only a text"),
    ],
)
def test_a_recorded_answer_is_told_as_asked(says: Says, recorded: Recorded, text: str) -> None:
    assert said(replay([recorded], says), asked()) == text


def test_the_tasks_own_reference_is_what_a_right_answer_says() -> None:
    right = replay([Recorded(None, None, True)], "graded", Item("q1"))

    assert said(right, asked(answer=42)) == "42"
    assert said(right, asked(answer=["B", "b"])) == "B"
    assert said(right, asked()) == "right"


@pytest.mark.parametrize(
    "task",
    [
        Task("q1"),
        Task("other", data={"item": "q1"}),
        Task("other", data={"question": " How many? "}),
        Task("other", data={"prompt": "How many?"}),
    ],
)
def test_an_item_is_found_by_name_or_by_question(task: Task) -> None:
    worker = replay([Recorded("found")])

    assert said(worker, Request(task, (Message("user", "x"),))) == "found"


def test_a_task_that_was_never_recorded_ends_the_run() -> None:
    with pytest.raises(UsageError, match=r"no item 'item-2' \(did you mean item-1\?\)"):
        said(replay([Recorded("x")], item=Item("item-1")), asked("item-2"))


def test_our_own_form_keeps_trials_tokens_and_items(tmp_path: Path) -> None:
    file = write(
        tmp_path / "answers.jsonl",
        [
            {"item": 1, "model": "a", "text": "four", "tokens_in": 7, "tokens_out": 2},
            {"item": 1, "model": "a", "text": "five", "question": "2 + 2?", "reference": 4},
            {"item": 1, "model": "b", "correct": True, "latency_s": 2.5},
        ],
    )

    recording = read_jsonl(file)

    (item,) = recording.items.values()
    assert (item.id, item.question, item.answer) == ("1", "2 + 2?", "4")
    assert [trial.text for trial in recording.trials("a", item)] == ["four", "five"]
    assert recording.trials("a", item)[0].tokens_in == 7
    assert recording.trials("b", item) == (Recorded(correct=True, latency_s=2.5),)


def test_a_folder_of_our_own_form_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [{"item": "1", "model": "a", "text": "x"}])
    write(tmp_path / "b.jsonl.gz", [{"item": "2", "model": "a", "text": "y"}])

    assert list(read_jsonl(tmp_path).items) == ["1", "2"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "expected an object"),
        ('{"model": "a", "text": "x"}', "'item' is None"),
        ('{"item": "1", "text": "x"}', "'model' is None"),
        ('{"item": "1", "model": "a"}', "neither 'text' nor 'correct'"),
        ('{"item": "1", "model": "a", "text": "x", "tokens_in": -1}', "'tokens_in' is -1"),
        ('{"item": "1", "model": "a", "correct": "yes"}', "'correct' is 'yes'"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text(f'{{"item": "0", "model": "a", "text": "fine"}}\n{line}\n')

    with pytest.raises(RecordError, match=f"answers.jsonl:2: .*{problem}"):
        read_jsonl(file)


def test_a_packed_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl.gz").write_bytes(b"not packed")

    with pytest.raises(RecordError, match=r"answers\.jsonl\.gz: cannot be read"):
        read_jsonl(tmp_path / "answers.jsonl.gz")


def test_routellm_leaves_out_contaminated_rows_and_counts_them(tmp_path: Path) -> None:
    (tmp_path / "mmlu").mkdir()
    file = tmp_path / "mmlu" / "mmlu_law.csv"
    file.write_text('prompt,strong\n"old\nA. 1",True\nnew,False\n')
    write(tmp_path / "mmlu_contaminated_prompts.jsonl", [{"eval_prompt": "old\nA. 1"}])
    write(tmp_path / "gsm8k_contaminated_prompts.jsonl", [{"eval_prompt": "new"}])

    recording = read_routellm(tmp_path / "mmlu")

    (item,) = recording.items.values()
    assert (item.id, item.question, item.group) == ("mmlu_law-1", "new", "mmlu_law")
    assert recording.trials("strong", item) == (Recorded(correct=False, tokens_in=1, tokens_out=1),)


def test_routellm_responses_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "gsm8k_responses.csv"
    file.write_text("prompt,m,m_response\n1 + 1?,True,it is two!\n")

    recording = read_routellm(file)

    assert recording.models == ("m",)
    (trial,) = recording.trials("m", recording.items["gsm8k-0"])
    assert (trial.text, trial.tokens_out) == ("it is two!", 3)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a,b\n1,2\n", "expected a column 'prompt'"), ("prompt,m\nx,yes\n", "'m' is 'yes'")],
)
def test_a_csv_of_another_form_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "some.csv").write_text(text)

    with pytest.raises(RecordError, match=problem):
        read_routellm(tmp_path / "some.csv")


def test_a_csv_with_a_short_row_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.csv").write_text("prompt,a,b\nx,True\n")

    with pytest.raises(RecordError, match="'b' is None"):
        read_routellm(tmp_path / "some.csv")

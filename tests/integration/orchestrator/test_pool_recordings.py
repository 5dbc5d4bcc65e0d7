"""Tests of replay pools over the recordings in ``../shared/data``, against their own figures."""

import asyncio
from pathlib import Path

import pytest

from agentrl.models.base import Message
from agentrl.orchestrator.pool import build_pool
from agentrl.orchestrator.replay.routellm import read_routellm
from agentrl.orchestrator.replay.zeroeval import read_items, read_zeroeval
from agentrl.orchestrator.worker import Answer, Request
from agentrl.suite.orchestrator import PoolSpec
from agentrl.task import Task

DATA = Path(__file__).parents[4] / "shared" / "data"
SONNET, GPT_4O = "claude-3-5-sonnet-20241022", "gpt-4o-2024-08-06"


def folder(name: str) -> Path:
    found = DATA / name
    if not found.is_dir():
        pytest.skip(f"the recordings are not here: {found} is absent")
    return found


@pytest.mark.parametrize(
    ("task", "items", "model", "accuracy", "usd"),
    [
        ("gsm", 1319, SONNET, 96.66, 1.94),
        ("math-l5", 721, SONNET, 59.36, 3.56),
        ("crux", 800, GPT_4O, 87.00, 2.60),
    ],
)
def test_a_replayed_model_is_as_good_and_as_dear_as_its_recording(
    task: str, items: int, model: str, accuracy: float, usd: float
) -> None:
    """The best single model of the priced pool, as the data's own page states it."""
    source = folder("zeroeval")
    worker = {
        "kind": "replay",
        "format": "zeroeval",
        "file": str(source),
        "tasks": [task],
        "model": model,
        "says": "graded",
        "guard": {"concurrency": 2000},
    }
    pool = build_pool(PoolSpec.model_validate({"workers": {"best": worker}}))
    asked = list(read_items(source, task))

    async def everything() -> list[Answer]:
        requests = [Request(Task(item.id), (Message("user", item.question),)) for item in asked]
        return await asyncio.gather(*(pool["best"].answer(request) for request in requests))

    answers = asyncio.run(everything())

    right = sum(a.text == item.answer for a, item in zip(answers, asked, strict=True))
    spent = sum(answer.generation.cost_usd for answer in answers)
    assert len(asked) == items
    assert 100 * right / items == pytest.approx(accuracy, abs=0.005)
    assert 1000 * spent / items == pytest.approx(usd, abs=0.006)


def test_every_task_of_a_folder_can_be_one_recording() -> None:
    recording = read_zeroeval(folder("zeroeval"), models=frozenset({SONNET}), texts=False)

    assert len(recording.items) == 1319 + 721 + 800
    assert len(recording.answers) == 1319 + 721 + 800


def test_whole_answers_are_replayed() -> None:
    worker = {
        "kind": "replay",
        "format": "zeroeval",
        "file": str(folder("zeroeval")),
        "tasks": ["gsm"],
    }
    pool = build_pool(PoolSpec.model_validate({"workers": {SONNET: worker}}))
    request = Request(Task("gsm8k-main-test-#0"), (Message("user", "x"),))

    answer = asyncio.run(pool[SONNET].answer(request))

    assert "18" in answer.text
    assert len(answer.text) > 40


@pytest.mark.parametrize(("name", "items"), [("gsm8k_responses.csv", 1307), ("mmlu", 14037)])
def test_routellm_has_the_papers_number_of_prompts(name: str, items: int) -> None:
    recording = read_routellm(folder("routellm") / name)

    assert len(recording.items) == items
    assert len(recording.answers) == 2 * items
    recording.require("gpt-4-1106-preview")

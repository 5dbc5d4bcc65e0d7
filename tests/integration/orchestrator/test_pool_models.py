"""Tests of pools over models that really answer: a checkpoint made here, and servers over HTTP."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrl.codec import dump_episode
from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn, Usage
from agentrl.models.base import Message
from agentrl.orchestrator.loop import background, close_shared_pools, shared_pool
from agentrl.orchestrator.pool import Pool, build_pool
from agentrl.orchestrator.worker import Answer, Request, WorkerFailedError
from agentrl.suite.orchestrator import OrchestratorSpec, PoolSpec
from agentrl.task import Task
from agentrl.testing.server import Answer as Served
from agentrl.testing.server import FakeServer, fails, garbage, hangs, resets, says

SCRATCH = {
    "backend": "transformers",
    "scratch": {"hidden_size": 32, "layers": 1, "vocabulary": 300, "context": 512},
    "device": "cpu",
}


def request(text: str = "How much is 2 + 3?", seed: int = 0) -> Request:
    return Request(Task("t1"), (Message("user", text),), text, "n1", seed)


def pool_over(server: FakeServer, **more: Any) -> Pool:
    model = {
        "backend": "openai",
        "model": "fake",
        "base_url": server.base_url,
        "max_retries": 0,
        **more.pop("model", {}),
    }
    worker = {"kind": "model", "model": model, "price_in": 2, "price_out": 8, **more}
    return build_pool(PoolSpec.model_validate({"workers": {"far": worker}}))


async def once(pool: Pool, asked: Request | None = None) -> Answer:
    try:
        return await pool["far"].answer(asked or request())
    finally:
        await pool.close()


@pytest.fixture
def closed_afterwards() -> Iterator[None]:
    yield
    close_shared_pools()


@pytest.mark.usefixtures("closed_afterwards")
def test_a_real_model_works_in_a_pool_asked_from_another_thread() -> None:
    pytest.importorskip("transformers")
    worker = {
        "kind": "model",
        "model": SCRATCH,
        "sampling": {"max_tokens": 8, "temperature": 1.0},
        "price_in": 1.0,
        "price_out": 4.0,
    }
    section = {
        "pool": {
            "workers": {"tiny": worker, "adder": {"kind": "program", "function": "calculator"}}
        }
    }
    pool = shared_pool(OrchestratorSpec.model_validate(section))

    async def both() -> list[Answer]:
        asked = [pool["tiny"].answer(request(seed=3)) for _ in range(4)]
        return await asyncio.gather(*asked, pool["adder"].answer(request()))

    *tiny, adder = background().run(both(), 120)

    assert adder.text == "5"
    assert len({answer.text for answer in tiny}) == 1  # one seed, one answer
    usage = tiny[0].generation.usage
    assert usage.prompt_tokens > 8
    assert 1 <= usage.completion_tokens <= 8
    expected = (usage.prompt_tokens * 1 + usage.completion_tokens * 4) / 1e6
    assert tiny[0].generation.cost_usd == pytest.approx(expected)
    assert tiny[0].note == ""


@pytest.mark.usefixtures("closed_afterwards")
def test_a_chat_that_is_too_long_for_a_real_model_is_told_apart() -> None:
    pytest.importorskip("transformers")
    section = {"pool": {"workers": {"tiny": {"kind": "model", "model": SCRATCH}}}}
    pool = shared_pool(OrchestratorSpec.model_validate(section))

    with pytest.raises(WorkerFailedError) as caught:
        background().run(pool["tiny"].answer(request("word " * 600)), 120)

    assert caught.value.kind == "context"


def test_a_server_gets_the_chat_and_is_paid_by_its_usage() -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 6}
    with FakeServer([says("five", usage=usage)]) as server:
        pool = pool_over(server, system="Be brief.", sampling={"temperature": 0, "max_tokens": 50})
        answer = asyncio.run(once(pool, request(seed=11)))
        (sent,) = server.requests

    assert answer.text == "five"
    assert answer.generation.cost_usd == pytest.approx((30 * 2 + 6 * 8) / 1e6)
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert (sent["seed"], sent["max_tokens"]) == (11, 50)


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        ({"prompt_tokens": -7, "completion_tokens": 6}, "cannot be"),
        ({"prompt_tokens": 30, "completion_tokens": 10**13}, "cannot be"),
        ({"prompt_tokens": 30, "completion_tokens": 10**7}, "too large"),
        (None, "no usage"),
    ],
)
def test_a_server_that_lies_about_usage_is_counted_here(usage: Any, why: str) -> None:
    with FakeServer([says("x" * 40, usage=usage)]) as server:
        answer = asyncio.run(once(pool_over(server), request("y" * 80)))

    assert answer.generation.usage == Usage(20, 10)
    assert answer.generation.cost_usd == pytest.approx((20 * 2 + 10 * 8) / 1e6)
    assert why in answer.note


@pytest.mark.parametrize(
    ("answers", "kind", "reason"),
    [
        ([garbage()], "error", "failed"),
        ([says(None)], "error", "failed"),
        ([says("")], "empty", "answered nothing"),
        ([fails(500, "out of order")], "error", "out of order"),
        ([resets()], "error", "failed"),
    ],
    ids=["garbage", "no text", "empty", "500", "cut"],
)
def test_a_server_that_answers_nothing_of_use_is_a_failed_worker(
    answers: Sequence[Served], kind: str, reason: str
) -> None:
    with FakeServer(answers) as server, pytest.raises(WorkerFailedError, match=reason) as caught:
        asyncio.run(once(pool_over(server)))

    assert caught.value.kind == kind


def test_a_server_that_hangs_is_given_up_in_time() -> None:
    began = time.perf_counter()
    with FakeServer([hangs()]) as server, pytest.raises(WorkerFailedError) as caught:
        asyncio.run(once(pool_over(server, guard={"timeout_s": 0.3})))

    assert caught.value.kind == "timeout"
    assert time.perf_counter() - began < 5


def test_a_server_that_is_not_there_is_a_failed_worker_and_is_left_alone() -> None:
    model = {
        "backend": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "max_retries": 0,
    }
    worker = {"kind": "model", "model": model, "guard": {"break_after": 2}}
    pool = build_pool(PoolSpec.model_validate({"workers": {"far": worker}}))

    async def thrice() -> list[str]:
        kinds = []
        for _ in range(3):
            with pytest.raises(WorkerFailedError) as caught:
                await pool["far"].answer(request())
            kinds.append(caught.value.kind)
        await pool.close()
        return kinds

    assert asyncio.run(thrice()) == ["error", "error", "resting"]


def test_no_more_requests_reach_a_server_than_the_guard_lets_through() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    with FakeServer([says("ok", delay_s=0.05, usage=usage)]) as server:
        pool = pool_over(server, guard={"concurrency": 3})

        async def many() -> None:
            await asyncio.gather(*(pool["far"].answer(request()) for _ in range(12)))
            await pool.close()

        asyncio.run(many())

        assert server.most_at_once == 3
        assert len(server.requests) == 12


def test_a_recorded_run_of_agentrl_works_in_a_pool(tmp_path: Path) -> None:
    generation = Generation("5", "stop", "m", Sampling(), Usage(12, 1))
    turn = Turn("How much is 2 + 3?", "5", (generation,))
    episode = Episode("t1#0", "t1", "t1", 0, "m", Status.OK, StopReason.TERMINATED, (turn,))
    (tmp_path / "episodes.jsonl").write_text(f"{dump_episode(episode)}\n")
    worker = {"kind": "model", "model": {"backend": "replay", "run": str(tmp_path)}}
    pool = build_pool(PoolSpec.model_validate({"workers": {"far": worker}}))

    assert asyncio.run(once(pool)).text == "5"

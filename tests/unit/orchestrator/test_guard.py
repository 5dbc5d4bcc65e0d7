"""Tests of what stands between a workflow and a worker."""

import asyncio
import math
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.episode import Usage
from agentrl.errors import ContextFullError, ModelError, ServiceDownError, UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.breaker import Breaker
from agentrl.orchestrator.guard import Guarded
from agentrl.orchestrator.worker import Answer, Descriptor, Request, WorkerFailedError
from agentrl.suite.worker import GuardSpec
from agentrl.task import Task
from agentrl.testing.workers import FakeWorker, broken

REQUEST = Request(Task("t1"), (Message("user", "How much is 2 + 3?"),), "How much is 2 + 3?", "n1")


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def guarded(worker: Any, clock: Clock | None = None, **spec: Any) -> Guarded:
    if clock is None:
        return Guarded(worker, GuardSpec(**spec))
    return Guarded(worker, GuardSpec(**spec), clock=clock, sleep=clock.sleep)


def failure(guard: Guarded, request: Request = REQUEST) -> WorkerFailedError:
    with pytest.raises(WorkerFailedError) as caught:
        asyncio.run(guard.answer(request))
    return caught.value


def test_an_answer_is_priced_by_its_worker() -> None:
    worker = FakeWorker("w", "5", usage=Usage(1000, 200), descriptor=Descriptor(3.0, 15.0))

    answer = asyncio.run(guarded(worker).answer(REQUEST))

    assert answer.text == "5"
    assert answer.generation.cost_usd == pytest.approx((1000 * 3 + 200 * 15) / 1e6)


def test_no_more_calls_are_under_way_than_allowed() -> None:
    worker = FakeWorker("w", delay_s=0.005)
    guard = guarded(worker, concurrency=3)

    async def many() -> None:
        await asyncio.gather(*(guard.answer(REQUEST) for _ in range(12)))

    asyncio.run(many())

    assert worker.most_at_once == 3
    assert len(worker.requests) == 12


def test_no_more_calls_begin_in_a_minute_than_allowed() -> None:
    clock, begun = Clock(), []
    worker = FakeWorker("w", lambda request: begun.append(clock.now) or "done")  # type: ignore[func-returns-value]
    guard = guarded(worker, clock, per_minute=2)

    async def five() -> None:
        for _ in range(5):
            await guard.answer(REQUEST)

    asyncio.run(five())

    assert begun == [0, 0, 60, 60, 120]


def test_who_stops_waiting_for_the_minute_lets_nobody_in_early() -> None:
    clock, begun = Clock(), list[float | None]()

    async def sleep(seconds: float) -> None:
        if not begun[2:]:
            begun.append(None)
            raise asyncio.CancelledError
        clock.now += seconds

    worker = FakeWorker("w", lambda request: begun.append(clock.now) or "done")  # type: ignore[func-returns-value]
    guard = Guarded(worker, GuardSpec(per_minute=2), clock=clock, sleep=sleep)

    async def four() -> None:
        for _ in range(4):
            with suppress(asyncio.CancelledError):
                await guard.answer(REQUEST)

    asyncio.run(four())

    assert begun == [0, 0, None, 60]


def test_a_worker_that_hangs_is_given_up() -> None:
    error = failure(guarded(FakeWorker("slow", delay_s=math.inf), timeout_s=0.02))

    assert error.kind == "timeout"
    assert str(error) == "worker 'slow' gave no answer within 0.02 s"


def test_a_worker_that_cannot_be_interrupted_is_given_up_all_the_same() -> None:
    guard = guarded(FakeWorker("deaf", delay_s=1.5, holds_on=True), timeout_s=0.02)

    async def until_given_up() -> float:
        began = time.perf_counter()
        with pytest.raises(WorkerFailedError):
            await guard.answer(REQUEST)
        return time.perf_counter() - began

    assert asyncio.run(until_given_up()) < 1.2


def test_waiting_for_ones_turn_is_not_the_workers_time() -> None:
    guard = guarded(FakeWorker("w", delay_s=0.03), concurrency=1, timeout_s=0.08)

    async def four() -> list[Answer]:
        return await asyncio.gather(*(guard.answer(REQUEST) for _ in range(4)))

    assert len(asyncio.run(four())) == 4


@pytest.mark.parametrize("nothing", ["", "  \n\t"])
def test_an_empty_answer_is_a_failure(nothing: str) -> None:
    error = failure(guarded(FakeWorker("mute", nothing)))

    assert error.kind == "empty"
    assert error.reason == "answered nothing"


def test_what_is_no_answer_at_all_is_a_failure() -> None:
    class Odd(FakeWorker):
        async def answer(self, request: Request) -> Answer:
            return None  # type: ignore[return-value]

    assert failure(guarded(Odd("odd"))).kind == "empty"


@pytest.mark.parametrize(
    ("raised", "kind", "reason"),
    [
        (ValueError("no JSON"), "error", "failed: ValueError: no JSON"),
        (ModelError("garbage in the stream"), "error", "failed: garbage in the stream"),
        (ServiceDownError("the server is gone"), "error", "failed: the server is gone"),
        (ContextFullError("9000 tokens"), "context", "was given too much: 9000 tokens"),
        (TimeoutError("of its own"), "error", "failed: TimeoutError: of its own"),
    ],
)
def test_whatever_a_worker_raises_is_its_failure(raised: Exception, kind: str, reason: str) -> None:
    error = failure(guarded(FakeWorker("w", raised)))

    assert (error.kind, error.reason) == (kind, reason)


def test_settings_that_cannot_be_used_are_no_failure_of_the_worker() -> None:
    with pytest.raises(UsageError, match="no such key"):
        asyncio.run(guarded(FakeWorker("w", UsageError("no such key"))).answer(REQUEST))


def test_a_worker_that_failed_too_often_is_left_alone() -> None:
    clock, worker = Clock(), FakeWorker("w", broken("w"))
    guard = guarded(worker, clock, break_after=2, break_s=30)

    failure(guard), failure(guard)
    error = failure(guard)

    assert error.kind == "resting"
    assert error.reason == "failed 2 times in a row and is left alone for another 30 s"
    assert len(worker.requests) == 2


def test_a_worker_that_rested_is_tried_once_and_closes_the_circuit() -> None:
    clock, worker = Clock(), FakeWorker("w", [broken("w"), "well again"])
    guard = guarded(worker, clock, break_after=1, break_s=30)
    failure(guard)

    clock.now = 31
    answers = [asyncio.run(guard.answer(REQUEST)).text for _ in range(3)]

    assert answers == ["well again"] * 3


def test_a_worker_that_fails_its_trial_rests_again() -> None:
    clock, worker = Clock(), FakeWorker("w", broken("w"))
    guard = guarded(worker, clock, break_after=3, break_s=30)
    for _ in range(3):
        failure(guard)

    clock.now = 31

    assert [failure(guard).kind for _ in range(3)] == ["error", "resting", "resting"]


def test_only_one_call_tries_a_worker_that_rested() -> None:
    worker = FakeWorker("w", [broken("w"), "well"], delay_s=0.01)
    guard = guarded(worker, break_after=1, break_s=0.02)

    async def rush() -> list[Any]:
        with pytest.raises(WorkerFailedError):
            await guard.answer(REQUEST)
        await asyncio.sleep(0.03)
        calls = [guard.answer(REQUEST) for _ in range(5)]
        return await asyncio.gather(*calls, return_exceptions=True)

    came = asyncio.run(rush())

    assert sum(isinstance(one, Answer) for one in came) == 1
    assert len(worker.requests) == 2


def test_a_trial_that_is_cancelled_leaves_the_next_one_free() -> None:
    worker = FakeWorker("w", [broken("w"), "lost", "well"], delay_s=0.01)
    guard = guarded(worker, break_after=1, break_s=0.001)

    async def cancelled_then_tried() -> str:
        with pytest.raises(WorkerFailedError):
            await guard.answer(REQUEST)
        await asyncio.sleep(0.005)
        trial = asyncio.create_task(guard.answer(REQUEST))
        await asyncio.sleep(0.002)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        return (await guard.answer(REQUEST)).text

    assert asyncio.run(cancelled_then_tried()) == "well"


def test_a_request_that_is_too_long_says_nothing_about_the_worker() -> None:
    worker = FakeWorker("w", [ContextFullError("long")] * 3 + ["5"])
    guard = guarded(worker, break_after=2)
    for _ in range(3):
        failure(guard)

    assert asyncio.run(guard.answer(REQUEST)).text == "5"


@pytest.mark.parametrize("usage", [Usage(-1, 5), Usage(10, 10**12), Usage(5, 5, 50)])
def test_a_usage_that_cannot_be_is_counted_here_and_said(usage: Usage) -> None:
    answer = asyncio.run(guarded(FakeWorker("liar", "x" * 40, usage=usage)).answer(REQUEST))

    assert answer.generation.usage == Usage(5, 10)  # 18 and 40 characters
    assert answer.generation.cost_usd == pytest.approx((5 * 1 + 10 * 2) / 1e6)
    assert "cannot be" in answer.note
    assert "4 characters" in answer.note


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5))
def test_a_circuit_is_open_exactly_after_so_many_failures_in_a_row(
    ok: list[bool], most: int
) -> None:
    breaker, in_a_row = Breaker(most, 10.0, lambda: 0.0), 0
    for success in ok:
        if in_a_row >= most:
            assert not breaker.admit()
            return
        assert breaker.admit()
        (breaker.succeeded if success else breaker.failed)()
        in_a_row = 0 if success else in_a_row + 1
    assert (breaker.rests_s > 0) == (in_a_row >= most)

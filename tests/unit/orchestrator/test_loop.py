"""Tests of the loop that pools live on."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from agentrl.errors import DeadlineError
from agentrl.orchestrator.loop import (
    BackgroundLoop,
    Scope,
    background,
    close_or_warn,
    close_shared_pools,
    shared_pool,
)
from agentrl.suite.orchestrator import OrchestratorSpec


def spec(answer: str) -> OrchestratorSpec:
    model = {"backend": "scripted", "answers": [answer]}
    return OrchestratorSpec.model_validate(
        {"pool": {"workers": {"w": {"kind": "model", "model": model}}}}
    )


async def thread_name() -> str:
    return threading.current_thread().name


def test_every_thread_of_a_process_has_the_same_loop() -> None:
    found: list[BackgroundLoop] = []
    threads = [threading.Thread(target=lambda: found.append(background())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(map(id, found))) == 1
    assert background().run(thread_name()) == "agentrl-pools"


def test_what_a_coroutine_raises_reaches_who_waits() -> None:
    async def fails() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        background().run(fails())


def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    ended = threading.Event()

    async def hangs() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    with pytest.raises(DeadlineError, match=r"longer than 0\.02 s"):
        background().run(hangs(), 0.02)
    assert ended.wait(5)


def test_a_timeout_of_the_coroutines_own_is_its_own() -> None:
    async def fails() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        background().run(fails(), 5)


def test_the_loop_does_not_wait_for_itself() -> None:
    async def nested() -> str:
        return background().run(thread_name())

    with pytest.raises(RuntimeError, match="await the coroutine"):
        background().run(nested())


def test_a_loop_that_is_stopped_cancels_what_runs() -> None:
    loop, ended = BackgroundLoop(), threading.Event()

    async def begin() -> None:
        async def hangs() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()

        loop.task = asyncio.create_task(hangs())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    loop.run(begin())
    loop.stop()

    assert ended.is_set()


def test_a_pool_is_built_once_for_each_suite() -> None:
    pool = shared_pool(spec("a"))

    assert shared_pool(spec("a")) is pool
    assert shared_pool(spec("b")) is not pool
    close_shared_pools()
    assert shared_pool(spec("a")) is not pool
    close_shared_pools()


def test_a_pool_that_cannot_be_closed_does_not_keep_the_others_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    close_shared_pools()
    bad, good = shared_pool(spec("bad")), shared_pool(spec("good"))
    closed = []

    async def fails() -> None:
        raise OSError("stuck")

    async def closes() -> None:
        closed.append("good")

    monkeypatch.setattr(bad, "close", fails)
    monkeypatch.setattr(good, "close", closes)
    close_or_warn()

    assert closed == ["good"]
    assert "stuck" in caplog.text


def test_a_scope_cancels_what_runs_and_what_is_still_to_come() -> None:
    scope, begun, ended = Scope(), threading.Event(), threading.Event()

    async def hangs() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    def work() -> None:
        with scope, pytest.raises(CancelledError):
            background().run(hangs())
        with scope, pytest.raises(CancelledError):
            background().run(hangs())
        done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(5)
    scope.cancel()
    thread.join(5)

    assert done
    assert ended.wait(5)
    assert background().run(thread_name())  # what is of no scope runs as ever

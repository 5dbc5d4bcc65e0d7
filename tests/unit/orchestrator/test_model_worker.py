"""Tests of a language model as a worker: when it is started, and who waits for it."""

import asyncio

import pytest

from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import ModelError
from agentrl.models.base import Message
from agentrl.models.base import Request as ModelRequest
from agentrl.orchestrator.guard import Guarded
from agentrl.orchestrator.model_worker import ModelWorker
from agentrl.orchestrator.worker import Request, WorkerFailedError
from agentrl.suite.worker import GuardSpec
from agentrl.task import Task

REQUEST = Request(Task("t1"), (Message("user", "How much is 2 + 3?"),), "", "n1")


class Loading:
    """A model that takes its time to start, and may fail to."""

    tokenizer = None
    context_window = None
    name = "loading"

    def __init__(self, *starts: float | Exception) -> None:
        self.starts = list(starts)
        self.begun = self.closed = 0

    async def start(self) -> None:
        self.begun += 1
        this = self.starts.pop(0)
        if isinstance(this, Exception):
            raise this
        await asyncio.sleep(this)

    async def generate(self, request: ModelRequest) -> Generation:
        return Generation("5", "stop", self.name, Sampling(), Usage(10, 1))

    async def close(self) -> None:
        self.closed += 1


def test_a_model_may_take_longer_to_load_than_to_answer_and_is_loaded_once() -> None:
    model = Loading(0.1)
    guard = Guarded(ModelWorker("w", model, loads=True), GuardSpec(timeout_s=0.02))

    async def thrice() -> list[str]:
        answers = await asyncio.gather(*(guard.answer(REQUEST) for _ in range(3)))
        return [answer.text for answer in answers]

    assert asyncio.run(thrice()) == ["5", "5", "5"]
    assert model.begun == 1


def test_who_stops_waiting_for_a_model_does_not_stop_it() -> None:
    model = Loading(0.05)
    worker = ModelWorker("w", model)
    guard = Guarded(worker, GuardSpec(timeout_s=0.01))

    async def twice() -> str:
        with pytest.raises(WorkerFailedError, match=r"no answer within 0\.01 s"):
            await guard.answer(REQUEST)
        await asyncio.sleep(0.06)
        return (await guard.answer(REQUEST)).text

    assert asyncio.run(twice()) == "5"
    assert model.begun == 1


def test_a_model_that_could_not_be_started_is_started_again() -> None:
    model = Loading(ModelError("no memory"), 0.0)
    worker = ModelWorker("w", model, loads=True)

    async def twice() -> str:
        with pytest.raises(WorkerFailedError, match="no memory"):
            await Guarded(worker).answer(REQUEST)
        return (await Guarded(worker).answer(REQUEST)).text

    assert asyncio.run(twice()) == "5"
    assert model.begun == 2


def test_a_model_that_is_still_loading_can_be_closed() -> None:
    model = Loading(3600.0)
    worker = ModelWorker("w", model, loads=True)

    async def cut_off() -> None:
        waiting = asyncio.ensure_future(Guarded(worker).answer(REQUEST))
        await asyncio.sleep(0.01)
        await worker.close()
        with pytest.raises(WorkerFailedError, match="was closed while it started"):
            await waiting

    asyncio.run(asyncio.wait_for(cut_off(), 5))
    assert model.closed == 1

"""A model whose requests wait while its weights change."""

import asyncio

from agentrl.episode import Generation, Sampling
from agentrl.models.base import Message, Request
from agentrl.models.scripted import ScriptedModel
from agentrl.suite.model import ScriptedSpec
from agentrl.training.engines.gate import GatedModel

REQUEST = Request((Message("user", "?"),))


class Slow:
    """Answers when a test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def generate(self, request: Request) -> Generation:
        self.asked += 1
        await self.go.wait()
        return Generation("yes", "stop", "slow", Sampling())


def gated(slow: Slow) -> GatedModel:
    model = ScriptedModel.from_spec(ScriptedSpec(backend="scripted", answers=("no",)))
    return GatedModel(lambda: model, slow.generate)


def test_an_answer_says_which_weights_gave_it() -> None:
    async def ask() -> None:
        slow = Slow()
        slow.go.set()
        model = gated(slow)
        assert (await model.generate(REQUEST)).weights_version == 0
        model.version = 7
        assert (await model.generate(REQUEST)).weights_version == 7

    asyncio.run(ask())


def test_weights_change_when_those_inside_are_answered_and_others_wait() -> None:
    async def ask() -> None:
        slow = Slow()
        model = gated(slow)
        inside = asyncio.create_task(model.generate(REQUEST))
        await asyncio.sleep(0)

        async def change() -> None:
            async with model.closed():
                assert inside.done()
                model.version = 1

        changing = asyncio.create_task(change())
        await asyncio.sleep(0)
        outside = asyncio.create_task(model.generate(REQUEST))
        await asyncio.sleep(0.01)
        assert slow.asked == 1
        slow.go.set()
        await changing
        assert (await inside).weights_version == 0
        assert (await outside).weights_version == 1

    asyncio.run(ask())


def test_the_gate_opens_again_when_a_change_fails() -> None:
    async def ask() -> None:
        slow = Slow()
        slow.go.set()
        model = gated(slow)
        try:
            async with model.closed():
                raise RuntimeError("no room")
        except RuntimeError:
            pass
        assert (await model.generate(REQUEST)).text == "yes"

    asyncio.run(ask())


def test_time_counts_as_busy_while_anything_is_asked() -> None:
    async def ask() -> None:
        slow = Slow()
        model = gated(slow)
        assert model.busy_s == 0
        both = [asyncio.create_task(model.generate(REQUEST)) for _ in range(2)]
        await asyncio.sleep(0.02)
        during = model.busy_s
        assert during > 0
        slow.go.set()
        await asyncio.gather(*both)
        after = model.busy_s
        await asyncio.sleep(0.02)
        assert model.busy_s == after >= during

    asyncio.run(ask())


def test_closing_what_agents_see_closes_nothing() -> None:
    async def ask() -> None:
        slow = Slow()
        slow.go.set()
        model = gated(slow)
        await model.close()
        assert (await model.generate(REQUEST)).text == "yes"

    asyncio.run(ask())

"""Fixed answers, turn by turn."""

import asyncio

import pytest

from agentrl.episode import Sampling
from agentrl.errors import UsageError
from agentrl.models.base import Message, Request
from agentrl.models.scripted import ScriptedModel
from agentrl.suite.model import ScriptedSpec
from agentrl.testing.models import check_model

ASK = (Message("system", "rules"), Message("user", "what now?"))


def turns(model: ScriptedModel, count: int) -> list[str]:
    async def play() -> list[str]:
        messages: tuple[Message, ...] = ASK
        for _ in range(count):
            answer = await model.generate(Request(messages))
            messages = (*messages, Message("assistant", answer.text), Message("user", "and now?"))
        return [message.content for message in messages if message.role == "assistant"]

    return asyncio.run(play())


def test_it_answers_turn_by_turn_and_repeats_the_last_answer() -> None:
    assert turns(ScriptedModel(["a", "b"]), 4) == ["a", "b", "b", "b"]


def test_the_same_turn_gets_the_same_answer_again() -> None:
    model = ScriptedModel(["a", "b"])
    assert turns(model, 2) == turns(model, 2)


def test_a_function_may_answer() -> None:
    model = ScriptedModel(lambda request: f"{request.session}:{len(request.messages)}")
    answer = asyncio.run(model.generate(Request(ASK, session="e1")))
    assert answer.text == "e1:2"


def test_a_stop_text_cuts_the_answer() -> None:
    request = Request(ASK, Sampling(stop=("!", "ld")))
    assert asyncio.run(ScriptedModel(["hello world!"]).generate(request)).text == "hello wor"


def test_an_answer_that_is_not_allowed_is_refused() -> None:
    request = Request(ASK, choices=("left", "right"))
    with pytest.raises(UsageError, match="'up' is none of the allowed choices left, right"):
        asyncio.run(ScriptedModel(["up"]).generate(request))


def test_no_answer_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one answer"):
        ScriptedModel([])


def test_it_conforms() -> None:
    spec = ScriptedSpec(backend="scripted", answers=("go north", "look"), latency_s=0.001)
    asyncio.run(check_model(ScriptedModel.from_spec(spec)))
    asyncio.run(check_model(ScriptedModel(["no way"])))

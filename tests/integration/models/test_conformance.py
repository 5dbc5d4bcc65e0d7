"""Every backend that needs a checkpoint keeps to what a model must do, and they agree."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from agentrl.episode import Generation, Sampling
from agentrl.errors import ContextFullError, UsageError
from agentrl.models.base import Message, Model, Request
from agentrl.models.build import build_model
from agentrl.models.openai import OpenAIModel
from agentrl.models.vllm import VllmServer
from agentrl.suite.model import OpenAISpec, TransformersSpec, VllmSpec
from agentrl.testing.models import check_model

QUESTIONS = ("what now?", "you are in a room. look!", "a lamp", "open the door and go north")


def requests(sampling: Sampling) -> list[Request]:
    return [Request((Message("user", question),), sampling) for question in QUESTIONS]


def answers(model: Model, asked: Sequence[Request]) -> list[Generation]:
    async def ask() -> list[Generation]:
        await model.start()
        try:
            return await asyncio.gather(*(model.generate(request) for request in asked))
        finally:
            await model.close()

    return asyncio.run(ask())


def transformers_model(checkpoint: Path) -> Model:
    return build_model(TransformersSpec(backend="transformers", checkpoint=str(checkpoint)))


def openai_model(server: VllmServer, model: str) -> OpenAIModel:
    return OpenAIModel(OpenAISpec(backend="openai", model=model, base_url=server.base_url))


def test_transformers_conforms(checkpoint: Path) -> None:
    asyncio.run(check_model(transformers_model(checkpoint)))


@pytest.mark.vllm
def test_vllm_conforms(vllm_server: VllmServer, vllm_spec: VllmSpec) -> None:
    asyncio.run(check_model(build_model(vllm_spec, base_url=vllm_server.base_url)))


@pytest.mark.vllm
def test_openai_conforms_against_a_vllm_server(vllm_server: VllmServer, checkpoint: Path) -> None:
    asyncio.run(check_model(openai_model(vllm_server, str(checkpoint))))


@pytest.mark.vllm
def test_openai_keeps_to_choices_and_counts_against_a_vllm_server(
    vllm_server: VllmServer, checkpoint: Path
) -> None:
    model = openai_model(vllm_server, str(checkpoint))
    asked = Request((Message("user", "hello"),), choices=("up", "down"))
    (answer,) = answers(model, [asked])
    assert answer.text in ("up", "down")
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0
    assert model.context_window == 512


@pytest.mark.vllm
def test_openai_learns_from_a_vllm_server_that_the_context_is_full(
    vllm_server: VllmServer, checkpoint: Path
) -> None:
    model = openai_model(vllm_server, str(checkpoint))
    message = (Message("user", "look " * 600),)
    with pytest.raises(ContextFullError, match="maximum context length is 512"):
        answers(model, [Request(message)])
    with pytest.raises(ContextFullError, match="max_model_len=512"):
        answers(model, [Request((Message("user", "hi"),), Sampling(max_tokens=600))])


@pytest.mark.vllm
def test_openai_names_the_models_of_a_vllm_server(vllm_server: VllmServer) -> None:
    with pytest.raises(UsageError, match=r"does not have the model 'gpt'.*offers: /"):
        answers(openai_model(vllm_server, "gpt"), requests(Sampling(max_tokens=1)))


@pytest.mark.vllm
def test_vllm_and_transformers_say_the_same_when_nothing_is_left_to_chance(
    vllm_server: VllmServer, vllm_spec: VllmSpec, checkpoint: Path
) -> None:
    asked = requests(Sampling(temperature=0.0, max_tokens=24))
    served = answers(build_model(vllm_spec, base_url=vllm_server.base_url), asked)
    local = answers(transformers_model(checkpoint), asked)
    for one, other in zip(served, local, strict=True):
        assert one.token_ids == other.token_ids
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)
        assert one.text == other.text
        assert one.prompt_token_ids == other.prompt_token_ids

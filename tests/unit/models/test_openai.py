"""The openai backend against a server that fails as told."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import ContextFullError, ModelError, ServiceDownError, UsageError
from agentrl.models.base import Message, Request
from agentrl.models.openai import OpenAIModel, cost_usd
from agentrl.models.retry import RetryPolicy
from agentrl.suite.model import OpenAISpec, Prices
from agentrl.testing.models import check_model
from agentrl.testing.server import (
    Answer,
    FakeServer,
    Json,
    fails,
    garbage,
    hangs,
    json_answer,
    resets,
    says,
)

HELLO = Request((Message("user", "hello"),))
QUICK = RetryPolicy(max_retries=2, first_pause_s=0.01)
VLLM = json_answer({"data": [{"id": "fake", "owned_by": "vllm", "max_model_len": 64}]})


def ask(server: FakeServer, request: Request = HELLO, **settings: object) -> Generation:
    return asyncio.run(ask_model(model_of(server, **settings), request))


def model_of(server: FakeServer, **settings: object) -> OpenAIModel:
    given = {"model": "fake", "base_url": server.base_url, "timeout_s": 5.0, **settings}
    return OpenAIModel(OpenAISpec.model_validate({"backend": "openai", **given}), retry=QUICK)


async def ask_model(model: OpenAIModel, request: Request) -> Generation:
    try:
        await model.start()
        return await model.generate(request)
    finally:
        await model.close()


def test_it_answers_and_counts() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 60},
    }
    prices = {"input": 1.0, "output": 2.0, "cached_input": 0.5}
    with FakeServer([says("hi", usage=usage)]) as server:
        answer = ask(server, prices=prices)
    assert (answer.text, answer.finish_reason, answer.model) == ("hi", "stop", "fake-1")
    assert answer.usage == Usage(100, 10, 60)
    assert answer.cost_usd == pytest.approx((40 * 1.0 + 60 * 0.5 + 10 * 2.0) / 1e6)


def test_cached_tokens_cost_as_much_as_others_unless_the_suite_says_less() -> None:
    assert cost_usd(Usage(1000, 0, 1000), Prices(input=3.0)) == pytest.approx(0.003)


def test_the_whole_sampling_is_sent() -> None:
    sampling = Sampling(temperature=0.5, top_p=0.9, top_k=5, max_tokens=7, stop=("END",), seed=3)
    with FakeServer([says("hi")]) as server:
        ask(server, Request(HELLO.messages, sampling))
    assert server.requests == [
        {
            "model": "fake",
            "messages": [{"role": "user", "content": "hello"}],
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 5,
            "max_tokens": 7,
            "stop": ["END"],
            "seed": 3,
        }
    ]


def test_further_fields_are_sent_and_a_null_leaves_one_of_ours_out() -> None:
    with FakeServer([says("hi")]) as server:
        ask(server, extra={"reasoning_effort": "minimal", "temperature": None})
    (sent,) = server.requests
    assert sent["reasoning_effort"] == "minimal"
    assert "temperature" not in sent


def test_the_address_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer([says("hi")]) as server:
        monkeypatch.setenv("A_GATEWAY", server.base_url)
        answer = ask(server, base_url="http://192.0.2.1/v1", base_url_env="A_GATEWAY")
    assert answer.text == "hi"


def test_an_address_that_the_environment_lacks_is_named() -> None:
    spec = OpenAISpec(backend="openai", model="m", base_url_env="NO_SUCH_GATEWAY")
    with pytest.raises(UsageError, match="NO_SUCH_GATEWAY is not set"):
        OpenAIModel(spec)


def test_settings_that_change_nothing_are_not_sent() -> None:
    with FakeServer([says("hi")]) as server:
        ask(server)
    assert set(server.requests[0]) == {"model", "messages", "temperature", "max_tokens"}


def test_an_answer_without_usage_counts_no_tokens() -> None:
    with FakeServer([says("hi")]) as server:
        answer = ask(server, prices={"input": 1.0, "output": 1.0})
    assert (answer.usage, answer.cost_usd) == (Usage(), 0.0)


@pytest.mark.parametrize(
    "failure",
    [
        fails(500, "oops"),
        fails(503, "busy", retry_after="0"),
        fails(429, "slow down", retry_after="0.01"),
        fails(408, "late"),
        resets(),
        garbage(),
        garbage(b"hello", "text/html"),
        garbage(b""),
        garbage(b"\xff\xfe"),
        json_answer({"choices": []}),
        json_answer({"choices": [{}]}),
        json_answer({"choices": [None]}),
        json_answer([1, 2]),
        json_answer(None),
        says(None),
    ],
)
def test_a_passing_failure_is_tried_again(failure: Answer) -> None:
    with FakeServer([failure, failure, says("hi")]) as server:
        assert ask(server).text == "hi"
        assert len(server.requests) == 3


def test_a_server_that_hangs_once_is_asked_again() -> None:
    with FakeServer([hangs(), says("hi")]) as server:
        assert ask(server, timeout_s=0.2).text == "hi"


@pytest.mark.parametrize(
    ("failure", "last"),
    [
        (fails(500, "the disk is on fire"), "HTTP 500: .*the disk is on fire"),
        (resets(), "ReadError"),
        (garbage(), "unreadable answer: Expecting value"),
        (json_answer({"choices": []}), "unreadable answer: no choices"),
        (says(None), "unreadable answer: no text"),
    ],
)
def test_a_lasting_failure_says_where_how_often_and_what(failure: Answer, last: str) -> None:
    with (
        FakeServer([failure]) as server,
        pytest.raises(
            ModelError, match=f"{server.base_url}/chat/completions was tried 3 times.*{last}"
        ),
    ):
        ask(server)


def test_a_server_that_hangs_is_given_up() -> None:
    with (
        FakeServer([hangs()]) as server,
        pytest.raises(ModelError, match=r"tried 3 times.*no answer within 0\.1 s"),
    ):
        ask(server, timeout_s=0.1)


def test_a_long_error_is_shortened() -> None:
    with FakeServer([fails(500, "x" * 5000)]) as server, pytest.raises(ModelError) as caught:
        ask(server)
    assert 150 < str(caught.value).count("x") <= 200


def test_a_bad_request_is_not_tried_again() -> None:
    with FakeServer([fails(400, "temperature is too high")]) as server:
        with pytest.raises(ModelError, match=r"tried once.*temperature is too high"):
            ask(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "failure",
    [
        fails(400, "too long", code="context_length_exceeded"),
        fails(400, "This model's maximum context length is 512 tokens."),
        fails(400, "max_tokens=600 cannot be greater than max_model_len=512."),
        fails(400, "prompt is too long: 9 tokens > 8 maximum"),
    ],
)
def test_a_full_context_is_no_failure_of_the_server(failure: Answer) -> None:
    with FakeServer([failure]) as server:
        with pytest.raises(ContextFullError, match="too long"):
            ask(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_variable(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "wrong")
    with FakeServer([fails(status, "bad key")]) as server:
        with pytest.raises(UsageError, match=r"refuses the key in MY_KEY: HTTP .*bad key"):
            ask(server, api_key_env="MY_KEY")
        assert server.headers[0]["authorization"] == "Bearer wrong"


def test_a_key_refused_at_the_start_names_the_variable() -> None:
    with (
        FakeServer([says("hi")], models=fails(401, "who are you")) as server,
        pytest.raises(UsageError, match="refuses the key in OPENAI_API_KEY"),
    ):
        ask(server)


@pytest.mark.parametrize(
    "failure",
    [fails(404, "nothing here"), fails(400, "The model `big` does not exist")],
)
def test_a_model_that_is_not_there_names_those_that_are(failure: Answer) -> None:
    models = json_answer({"data": [{"id": "bigger"}, {"id": "other"}]})
    with (
        FakeServer([failure], models=models) as server,
        pytest.raises(UsageError, match=r"'bigge' \(did you mean bigger\?\).*bigger, other"),
    ):
        ask(server, model="bigge")


def test_no_server_is_said_before_anything_runs() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
        spec = OpenAISpec(backend="openai", model="m", base_url=url)
        with pytest.raises(ServiceDownError, match=rf"no server answers at {url}.*base_url"):
            asyncio.run(ask_model(OpenAIModel(spec, retry=QUICK), HELLO))


def test_a_server_that_only_fails_is_said_before_anything_runs() -> None:
    with (
        FakeServer([says("hi")], models=fails(500, "broken")) as server,
        pytest.raises(ServiceDownError, match=r"HTTP 500: .*broken"),
    ):
        ask(server)


@pytest.mark.parametrize("models", [fails(404, "no"), garbage(), json_answer({"data": "x"})])
def test_a_server_that_lists_no_models_is_taken_as_it_is(models: Answer) -> None:
    with FakeServer([says("hi")], models=models) as server:
        assert ask(server).text == "hi"


def test_a_remote_server_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    spec = OpenAISpec(
        backend="openai", model="m", base_url="https://api.example.org/v1", api_key_env="SOME_KEY"
    )
    with pytest.raises(UsageError, match="SOME_KEY is not set"):
        OpenAIModel(spec)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", "http://", ""])
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(UsageError, match="base_url is"):
        OpenAIModel(OpenAISpec(backend="openai", model="m", base_url=url))


def test_no_more_requests_are_under_way_than_allowed() -> None:
    async def many(model: OpenAIModel) -> Sequence[Generation]:
        await model.start()
        try:
            return await asyncio.gather(*(model.generate(HELLO) for _ in range(12)))
        finally:
            await model.close()

    with FakeServer([says("hi", delay_s=0.05)]) as server:
        answers = asyncio.run(many(model_of(server, concurrency=3)))
        assert len(answers) == 12
        assert server.most_at_once == 3


def test_choices_are_refused_where_the_server_is_not_known_to_keep_them() -> None:
    with FakeServer([says("yes")]) as server:
        with pytest.raises(UsageError, match="'transformers' or 'vllm'"):
            ask(server, Request(HELLO.messages, choices=("yes", "no")))
        assert server.requests == []


def test_choices_are_asked_of_a_vllm_server() -> None:
    with FakeServer([says("yes")], models=VLLM) as server:
        assert ask(server, Request(HELLO.messages, choices=("yes", "no"))).text == "yes"
    assert server.requests[0]["structured_outputs"] == {"choice": ["yes", "no"]}


def test_an_answer_outside_the_choices_is_not_passed_on() -> None:
    with (
        FakeServer([says("maybe")], models=VLLM) as server,
        pytest.raises(UsageError, match="'maybe', which is none of the 2"),
    ):
        ask(server, Request(HELLO.messages, choices=("yes", "no")))


def test_the_window_comes_from_the_suite_or_from_the_server() -> None:
    async def window(model: OpenAIModel) -> int | None:
        await model.start()
        await model.close()
        return model.context_window

    with FakeServer([says("hi")], models=VLLM) as server:
        assert asyncio.run(window(model_of(server))) == 64
        assert asyncio.run(window(model_of(server, context_window=32))) == 32


def test_a_thought_without_room_for_an_answer_is_an_empty_answer() -> None:
    body = {"choices": [{"finish_reason": "length", "message": {"content": None}}]}
    with FakeServer([json_answer(body)]) as server:
        answer = ask(server)
    assert (answer.text, answer.finish_reason) == ("", "length")


def test_it_conforms() -> None:
    def answer(body: Json) -> Answer:
        text = "hello there"
        for stop in body.get("stop", ()):
            text = text.partition(stop)[0]
        return says(text, delay_s=0.02)

    with FakeServer(answer) as server:
        asyncio.run(check_model(model_of(server)))

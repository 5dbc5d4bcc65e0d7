"""Tests of the endpoint with the official client."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import scratch_policy
from agentrl.episode import Usage
from agentrl.orchestrator.choice import ChoiceEnv
from agentrl.orchestrator.serving.app import Endpoint
from agentrl.orchestrator.serving.request import Asked
from agentrl.orchestrator.serving.solver import Solved, Solver
from agentrl.orchestrator.worker import Descriptor, Request
from agentrl.testing.server import FakeServer, says
from agentrl.testing.workers import FakeWorker, broken

Client = openai.OpenAI
PLAN = 'model_id = [1]\nsubtasks = ["Answer."]\naccess_list = [[]]'


def ask(client: Client, question: str = "6 * 7?", **more: Any) -> Any:
    return client.chat.completions.create(
        model="team", messages=[{"role": "user", "content": question}], **more
    )


def ours(answer: Any) -> Any:
    return answer.model_extra["agentrl"]


def until(true: Any) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to pass")


def health(client: Client) -> Any:
    return httpx.get(str(client.base_url).replace("/v1/", "/health")).json()


def priced(name: str, answer: str, price: float, usage: Usage) -> FakeWorker:
    known = Descriptor(price_in=price, price_out=2 * price)
    return FakeWorker(name, answer, usage=usage, descriptor=known)


def test_an_answer_has_its_tokens_its_price_its_workflow_and_its_calls(offer: Any) -> None:
    workers = [
        priced("cheap", "42", 1.0, Usage(100, 10)),
        priced("dear", "42", 10.0, Usage(200, 20)),
    ]
    client = offer(workers)
    answer = ask(client)

    assert answer.choices[0].message.content == "42"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.model_dump(exclude_none=True) == {
        "prompt_tokens": 300,
        "completion_tokens": 30,
        "total_tokens": 330,
    }
    # (100 * 1 + 10 * 2 + 200 * 10 + 20 * 20) USD per million
    assert ours(answer)["cost_usd"] == 0.00252
    assert [call["worker"] for call in ours(answer)["calls"]] == ["cheap", "dear"]
    assert [call["cost_usd"] for call in ours(answer)["calls"]] == [0.00012, 0.0024]
    assert [node["worker"] for node in ours(answer)["workflow"]["nodes"]] == ["cheap", "dear"]


def test_workers_are_told_the_rules_of_the_training_and_the_question(offer: Any) -> None:
    worker = FakeWorker("one", "42")
    ask(offer([worker]))
    told = worker.requests[0].messages[-1].content
    assert told.startswith("Answer the question.")
    assert told.endswith("\n\n6 * 7?")


def test_a_stream_begins_at_once_tells_what_goes_on_and_ends_with_the_usage(offer: Any) -> None:
    long = "word " * 30
    client = offer([FakeWorker("one", long, delay_s=0.05)], endpoint={"quiet_s": 0.01})
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))

    first, *middle, last = chunks
    assert first.choices[0].delta.role == "assistant"
    news = [ours(c)["progress"]["event"] for c in middle if "progress" in ours_or_not(c)]
    assert news == ["plan", "workflow", "began", "ended"]
    texts = [c.choices[0].delta.content for c in middle if c.choices[0].delta.content]
    assert len(texts) > 2
    assert "".join(texts) == long
    assert middle[-1].choices[0].finish_reason == "stop"
    assert ours(middle[-1])["calls"][0]["answer"] == long
    assert (last.choices, last.usage.total_tokens) == ([], 15)


def ours_or_not(chunk: Any) -> Any:
    return (chunk.model_extra or {}).get("agentrl", {})


def test_the_async_client_gets_several_answers_at_a_time(offer: Any) -> None:
    worker = FakeWorker("one", "42", delay_s=0.1)
    client = offer([worker])

    async def both() -> Any:
        url = str(client.base_url)
        async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as several:
            message: Any = [{"role": "user", "content": "6 * 7?"}]
            create = several.chat.completions.create
            return await asyncio.gather(*(create(model="team", messages=message) for _ in "ab"))

    assert [answer.choices[0].message.content for answer in asyncio.run(both())] == ["42", "42"]
    assert worker.most_at_once == 2


def test_n_answers_have_seeds_of_their_own_and_are_paid_together(offer: Any) -> None:
    worker = FakeWorker("one", lambda request: f"{request.seed}")
    client = offer([worker])
    answer = ask(client, n=3, seed=5)

    texts = [choice.message.content for choice in answer.choices]
    assert len(set(texts)) == 3
    assert answer.usage.total_tokens == 45
    assert ours(answer) == {"cost_usd": 0.00006}
    assert [ours(choice)["calls"][0]["answer"] for choice in answer.choices] == texts
    assert [ask(client, seed=5 + n).choices[0].message.content for n in range(3)] == texts
    pieces = [c for c in ask(client, n=3, seed=5, stream=True) if c.choices[0].delta.content]
    assert {c.choices[0].index: c.choices[0].delta.content for c in pieces} == dict(
        enumerate(texts)
    )


def test_an_answer_is_cut_at_a_stop_text_and_after_so_many_tokens(offer: Any) -> None:
    client = offer([FakeWorker("one", "abcdefghij", usage=Usage(10, 5))])
    cut = ask(client, max_tokens=3).choices[0]
    assert (cut.message.content, cut.finish_reason) == ("abcdef", "length")
    ended = ask(client, stop=["c", "x"], max_tokens=5).choices[0]
    assert (ended.message.content, ended.finish_reason) == ("ab", "stop")


def test_a_worker_that_fails_is_told_of_and_the_others_decide(offer: Any) -> None:
    answer = ask(offer([FakeWorker("bad", broken("bad")), FakeWorker("good", "42")]))
    assert answer.choices[0].message.content == "42"
    assert [call["error"] for call in ours(answer)["calls"]] == ["is broken", ""]


def test_workers_that_all_fail_are_a_503_and_in_a_stream_an_error(offer: Any) -> None:
    client = offer([FakeWorker("bad", broken("bad"))])
    with pytest.raises(openai.InternalServerError, match="is broken") as caught:
        ask(client)
    assert (caught.value.status_code, caught.value.code) == (503, "no_answer")
    with pytest.raises(openai.APIError, match="is broken"):
        list(ask(client, stream=True))


def test_a_model_plans_as_warm_as_is_asked_for_and_its_tokens_count(
    offer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 60}
    with FakeServer([says(PLAN, usage=usage)]) as planner:
        model = {
            "backend": "openai",
            "model": "planner",
            "base_url": planner.base_url,
            "prices": {"input": 1, "output": 2},
        }
        client = offer([FakeWorker("no"), FakeWorker("yes", "42")], agent={"model": model})
        answer = ask(client, temperature=0.25)
        assert planner.requests[0]["temperature"] == 0.25
        assert planner.requests[0]["messages"][-1]["content"].endswith("6 * 7?")
    assert [call["worker"] for call in ours(answer)["calls"]] == ["yes"]
    assert ours(answer)["policy"] == {
        "turns": [PLAN],
        "prompt_tokens": 40,
        "completion_tokens": 20,
        "cost_usd": 0.00008,
    }
    assert (answer.usage.total_tokens, ours(answer)["cost_usd"]) == (75, 0.0001)


def test_a_plan_that_cannot_be_read_is_asked_for_again_and_then_a_503(offer: Any) -> None:
    agent = {"model": {"backend": "scripted", "answers": ["Let us see."]}}
    client = offer([FakeWorker("one")], agent=agent, limits={"max_turns": 1})
    with pytest.raises(openai.InternalServerError, match="no such workflow") as caught:
        ask(client)
    assert (caught.value.status_code, caught.value.code) == (503, "no_workflow")


def test_a_conductor_that_plans_again_shows_every_round(offer: Any) -> None:
    keep = "model_id = []\nsubtasks = []\naccess_list = []"
    agent = {"model": {"backend": "scripted", "answers": [PLAN, PLAN, keep]}}
    workers = [FakeWorker("no"), FakeWorker("yes", ["41", "42"])]
    answer = ask(offer(workers, agent=agent, env={"recursion": True}))
    assert answer.choices[0].message.content == "42"
    assert len(ours(answer)["workflows"]) == 2
    assert [call["answer"] for call in ours(answer)["calls"]] == ["41", "42"]
    assert len(ours(answer)["policy"]["turns"]) == 3


def test_a_router_asks_and_answers_itself(offer: Any) -> None:
    answers = ["<search> Model 1:What is 6 * 7? </search>", "<answer>42</answer>"]
    agent = {"model": {"backend": "scripted", "answers": answers}}
    worker = FakeWorker("yes", "It is 42.")
    answer = ask(offer([FakeWorker("no"), worker], kind="Router", agent=agent))
    assert answer.choices[0].message.content == "42"
    assert [call["answer"] for call in ours(answer)["calls"]] == ["It is 42."]
    assert worker.requests[0].messages[-1].content == "What is 6 * 7?"


def test_a_router_whose_workers_all_fail_may_answer_all_the_same(offer: Any) -> None:
    answers = ["<search> Model 0:What is 6 * 7? </search>", "<answer>42</answer>"]
    agent = {"model": {"backend": "scripted", "answers": answers}}
    answer = ask(offer([FakeWorker("bad", broken("bad"))], kind="Router", agent=agent))
    assert answer.choices[0].message.content == "42"


def test_a_choice_policy_asks_until_it_takes_an_answer(offer: Any, tmp_path: Path) -> None:
    scratch_policy(Layout(ChoiceEnv.choice_facts, 4, 4), 4).save(tmp_path)
    agent = {"kind": "choice", "choice": {"checkpoint": str(tmp_path)}}
    answer = ask(offer([FakeWorker("one", "42")], kind="Choice", agent=agent), temperature=0)
    assert answer.choices[0].message.content == "42"
    assert ours(answer)["policy"]["turns"] == ["ask Model 0", "vote"]
    assert answer.usage.total_tokens == 15  # the policy is no language model: it costs nothing


def test_a_key_is_asked_for_where_there_is_one(offer: Any) -> None:
    client = offer([FakeWorker("one", "42")], endpoint={"token": "secret"})
    assert ask(client).choices[0].message.content == "42"
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(client.with_options(api_key="wrong"))
    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()


def test_models_are_listed_and_others_are_not_found(offer: Any) -> None:
    client = offer([FakeWorker("one", "42")])
    assert [model.id for model in client.models.list()] == ["team"]
    assert client.models.retrieve("team").owned_by == "agentrl"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other")
    with pytest.raises(openai.NotFoundError, match="no model 'other'"):
        client.chat.completions.create(
            model="other", messages=[{"role": "user", "content": "Hello"}]
        )
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="team", input="Hello")


def test_bad_bodies_are_told_apart(offer: Any) -> None:
    client = offer([FakeWorker("one", "42")])
    url = f"{client.base_url}chat/completions"
    bad = httpx.post(url, content=b'{"messages": [')
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "invalid_json")
    large = httpx.post(url, content=b"x" * 10_000_000)
    assert (large.status_code, large.json()["error"]["code"]) == (413, "too_large")
    assert httpx.get(url).status_code == 405
    with pytest.raises(openai.BadRequestError, match="tools is not supported"):
        ask(client, tools=[{"type": "function", "function": {"name": "f"}}])


def test_more_at_a_time_than_may_be_are_turned_away(offer: Any) -> None:
    worker = FakeWorker("one", "42", delay_s=0.2)
    client = offer([worker], endpoint={"concurrency": 1})
    first = threading.Thread(target=ask, args=(client,))
    first.start()
    until(lambda: worker.requests)
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    assert caught.value.response.headers["retry-after"] == "1"
    first.join()
    assert ask(client).choices[0].message.content == "42"


@pytest.mark.parametrize("stream", [True, False])
def test_who_still_waits_when_the_server_ends_is_told(stream: bool) -> None:
    class Endless(Solver):
        name = "team"

        def __init__(self) -> None:
            pass

        async def solve(self, asked: Asked, number: int = 0, tell: Any = None) -> Solved:
            await asyncio.sleep(60)
            raise AssertionError

    async def play() -> httpx.Response:
        endpoint = Endpoint(Endless())
        body = {"messages": [{"role": "user", "content": "6 * 7?"}], "stream": stream}
        transport = httpx.ASGITransport(endpoint.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://team") as client:
            asking = asyncio.create_task(client.post("/v1/chat/completions", json=body))
            await asyncio.sleep(0.05)
            await endpoint.close()
            refused = await client.post("/v1/chat/completions", json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "stopping")
            return await asking

    answer = asyncio.run(play())
    assert answer.status_code == (200 if stream else 503)
    assert "the server is being stopped" in answer.text


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_has_the_workers_stop(offer: Any, stream: bool) -> None:
    stopped = threading.Event()

    class Slow(FakeWorker):
        async def answer(self, request: Request) -> Any:
            try:
                return await super().answer(request)
            except asyncio.CancelledError:
                stopped.set()
                raise

    worker = Slow("one", "42", delay_s=60)
    client = offer([worker])
    if stream:
        chunks = ask(client, stream=True)
        next(chunks)
        until(lambda: worker.requests)
        chunks.close()
    else:
        with pytest.raises(openai.APITimeoutError):
            ask(client, timeout=0.15)
    assert stopped.wait(5)
    until(lambda: health(client)["under_way"] == 0)
    assert len(worker.requests) == 1

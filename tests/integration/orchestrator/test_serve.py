"""The served pool, asked by the official client through a real server process."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

from agentrl.testing.server import FakeServer, fails, says

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

SUITES = Path(__file__).parents[3] / "tasks/orchestrator"


@contextmanager
def served(
    *options: str, suite: Path = SUITES / "vote.yaml"
) -> Iterator[tuple[openai.OpenAI, "subprocess.Popen[bytes]"]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "agentrl.cli", "serve", str(suite)]
    process = subprocess.Popen([*command, "--port", str(port), *options])
    url = f"http://127.0.0.1:{port}/v1"
    try:
        _wait(port, process)
        with openai.OpenAI(base_url=url, api_key="secret", max_retries=0) as client:
            yield client, process
    finally:
        process.kill()
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not come up")


def ask(client: openai.OpenAI, question: str) -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(
        model="vote", messages=[{"role": "user", "content": question}]
    )


def test_a_pool_answers_as_one_model_streams_and_ends_at_ctrl_c() -> None:
    with served("--token", "secret") as (client, process):
        assert [model.id for model in client.models.list()] == ["vote"]
        plain = ask(client, "What is 2 + 3?")
        assert plain.choices[0].message.content
        extension = (plain.model_extra or {})["agentrl"]
        assert len(extension["calls"]) == len(extension["workflow"]["nodes"])
        assert extension["cost_usd"] > 0

        stream = client.chat.completions.create(
            model="vote", messages=[{"role": "user", "content": "What is 2 + 3?"}], stream=True
        )
        text = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
        assert text == plain.choices[0].message.content

        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda n: ask(client, f"What is {n} + 1?"), range(20)))
        assert all(answer.choices[0].message.content for answer in answers)

        with pytest.raises(openai.BadRequestError, match="end with a message of role user"):
            client.chat.completions.create(
                model="vote", messages=[{"role": "assistant", "content": "Hello"}]
            )
        with pytest.raises(openai.AuthenticationError):
            ask(client.with_options(api_key="wrong"), "What is 1 + 1?")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130, -signal.SIGINT)


SUITE = """
name: live
env: {{id: agentrl/Conductor-v0, options: {{env: {{id: agentrl/QA-v0}}}}}}
tasks: {{generate: {{count: 1, seed: 1}}}}
agent: {{model: {{backend: openai, model: planner, base_url: "{planner}", api_key_env: SERVE_KEY}}}}
orchestrator:
  cache: false
  retries: 0
  pool:
    workers:
      one:
        kind: model
        model: {{backend: openai, model: one, base_url: "{worker}", api_key_env: SERVE_KEY}}
        price_in: 1
        price_out: 2
"""
PLAN = 'model_id = [0]\nsubtasks = ["Answer."]\naccess_list = [[]]'


def _live(folder: Path, planner: FakeServer, worker: FakeServer) -> Path:
    suite = folder / "live.yaml"
    suite.write_text(SUITE.format(planner=planner.base_url, worker=worker.base_url))
    return suite


def test_a_language_model_plans_and_its_tokens_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVE_KEY", "any")
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    with (
        FakeServer([says(PLAN, usage=usage)]) as planner,
        FakeServer([says("five", usage=usage)]) as worker,
        served(suite=_live(tmp_path, planner, worker)) as (client, _),
    ):
        answer = ask(client, "What is 2 + 3?")
    assert answer.choices[0].message.content == "five"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 24


def test_workers_that_all_fail_are_a_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVE_KEY", "any")
    with (
        FakeServer([says(PLAN)]) as planner,
        FakeServer([fails(400, "no")]) as worker,
        served(suite=_live(tmp_path, planner, worker)) as (client, _),
        pytest.raises(openai.InternalServerError) as caught,
    ):
        ask(client, "What is 2 + 3?")
    assert caught.value.status_code == 503

"""``agentrl serve`` as a process: what was trained a moment ago, and a suite file."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

from tests.commands import ROOT, agentrl

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

SUITE = """
name: tiny
env:
  id: agentrl/Conductor-v0
  options:
    env: {{id: agentrl/QA-v0}}
    brief: true
    topology: {{topology: single, worker: careful}}    # what the demonstrations say
tasks: {{generate: {{count: 8, seed: 1}}}}
agent:
  model:
    backend: transformers
    scratch: {{hidden_size: 64, layers: 2, vocabulary: 512, context: 512}}
  prompt: Plan.
  sampling: {{max_tokens: 64}}
orchestrator: {{pool: {pool}, cache: false}}
reward: {{terms: {{success: 1.0}}}}
limits: {{max_turns: 1}}
train:
  algorithm: grpo
  steps: 1
  tasks_per_step: 2
  group_size: 2
  preflight: 0
  trackers: []
  sft:
    tasks: {{generate: {{count: 16, seed: 50}}}}
    min_reward: 0
    epochs: 40
    lr: 5.0e-3
    batch: 8
"""


@contextmanager
def served(*arguments: object) -> Iterator[tuple[openai.OpenAI, "subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "agentrl.cli", "serve", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = ""
    try:
        while "/v1\n" not in said:
            line = process.stderr.readline()
            assert line, f"the server ended: {said}"
            said += line
        url = re.search(r"http://\S+", said)
        assert url
        with openai.OpenAI(base_url=url[0], api_key="secret", max_retries=0) as client:
            yield client, process, said
    finally:
        process.kill()
        process.communicate()


def ask(client: openai.OpenAI, model: str, question: str) -> openai.types.chat.ChatCompletion:
    message = {"role": "user", "content": question}
    return client.chat.completions.create(model=model, seed=1, temperature=0, messages=[message])  # type: ignore[list-item]


def test_a_conductor_that_was_just_trained_is_served_from_its_run(tmp_path: Path) -> None:
    suite = tmp_path / "tiny.yaml"
    suite.write_text(SUITE.format(pool=ROOT / "tasks/orchestrator/adders.pool.yaml"))
    run = tmp_path / "run"
    done = agentrl("train", suite, "--out", run, "--json")
    assert done.returncode == 0, done.stderr

    with served(run) as (client, process, said):
        assert f"with the weights of {run}/checkpoints/step-000001" in said
        answer = ask(client, "tiny", "What is 20 + 22?")
        ours = (answer.model_extra or {})["agentrl"]
        assert "42" in (answer.choices[0].message.content or "")
        assert [call["worker"] for call in ours["calls"]] == ["careful"]
        assert "topology" in ours["policy"]["turns"][0]
        tokens = ours["policy"]["prompt_tokens"] + ours["calls"][0]["prompt_tokens"]
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == tokens

        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_suite_with_a_fixed_plan_is_served_until_ctrl_c() -> None:
    suite = ROOT / "tasks/orchestrator/vote.yaml"
    with served(suite, "--token", "secret") as (client, process, _):
        assert ask(client, "vote", "What is 2 + 3?").choices[0].message.content
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_what_cannot_be_served_is_bad_input(tmp_path: Path) -> None:
    done = agentrl("serve", tmp_path / "nowhere")
    assert (done.returncode, "no such file or folder" in done.stderr) == (2, True)

"""Suites whose environment runs code, from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.suite.sandbox import SandboxSpec

SUITE = """\
name: small
env: {{id: agentrl/{env}}}
tasks: {{generate: {{count: 2}}}}
agent: {{kind: expert}}
rollouts: {{concurrency: 2}}
limits: {{max_turns: 3}}
"""


def agentrl(*arguments: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "agentrl.cli", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(params=["Code-v0", "SWE-v0"])
def suite(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE.format(env=request.param))
    return path


@pytest.mark.parametrize(("agent", "success"), [("expert", 1.0), ("random", 0.0)])
def test_the_expert_solves_what_chance_does_not(
    suite: Path, sandbox: SandboxSpec, agent: str, success: float
) -> None:
    done = agentrl("run", suite.name, "--agent", agent, "--out", "run", cwd=suite.parent)

    assert done.returncode == 0, done.stderr
    lines = (suite.parent / "run" / "episodes.jsonl").read_text().splitlines()
    episodes = [json.loads(line) for line in lines]
    assert [episode["outcome"]["success"] for episode in episodes] == [success] * 2
    assert all(episode["error"] is None for episode in episodes)


def test_a_suite_whose_engine_does_not_answer_is_not_begun(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

    suite.write_text(suite.read_text() + "sandbox: {backend: docker}\n")

    for command in (("run", suite.name, "--out", "run"), ("doctor", suite.name)):
        done = agentrl(*command, cwd=suite.parent)
        assert done.returncode == 2
        assert "no Docker engine answers" in " ".join((done.stdout + done.stderr).split())
    assert not (suite.parent / "run").exists()


def test_doctor_says_which_sandboxes_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

    done = agentrl("doctor", cwd=tmp_path)

    assert done.returncode == 0
    engine = next(line for line in done.stdout.splitlines() if "Docker engine" in line)
    assert "missing" in engine
    assert "bubblewrap" in done.stdout

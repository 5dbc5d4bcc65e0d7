import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentrl.codec import without_timings
from agentrl.models.scratch import build_checkpoint
from agentrl.runs.folder import read_episodes
from agentrl.suite.model import Scratch

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None or importlib.util.find_spec("torch") is None,
        reason="vLLM is not installed",
    ),
]

TEXTS = ["The counter shows 3. Count up to 3. Answer 'up' or 'down'. up down " * 9]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with-vllm")
    build_checkpoint(folder / "model", TEXTS, Scratch(hidden_size=64, vocabulary=300))
    (folder / "vllm.yaml").write_text(
        "name: vllm\n"
        'env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0"}\n'
        "tasks: {generate: {count: 8}}\n"
        "agent:\n"
        "  model: {backend: vllm, checkpoint: model}\n"
        "  constrain: true\n"
        "  sampling: {max_tokens: 8}\n"
    )
    return folder


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "agentrl.cli", "run", "vllm.yaml", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def servers_of(folder: Path) -> list[int]:
    """The processes that serve this folder's model."""
    listing = subprocess.run(
        ["ps", "-ewwo", "pid,args"], capture_output=True, text=True, check=True
    )
    lines = [line for line in listing.stdout.splitlines() if str(folder / "model") in line]
    return [int(line.split()[0]) for line in lines if "guard" not in line]


def test_two_workers_share_one_server_and_play_what_one_worker_plays(folder: Path) -> None:
    played = []
    for workers in ("1", "2"):
        process = start(folder, "--workers", workers, "--out", workers, "--json")
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        assert json.loads(out)["tokens"]["completion"] > 0
        assert (folder / workers / "vllm.log").stat().st_size > 0
        played.append({e.id: without_timings(e) for e in read_episodes(folder / workers)})

    actions = [{k: [t.action for t in e.turns] for k, e in run.items()} for run in played]
    assert actions[0] == actions[1]
    assert servers_of(folder) == []


@pytest.mark.slow
def test_a_shared_server_that_is_killed_ends_the_run_with_its_log(folder: Path) -> None:
    run = folder / "killed"
    settings = ("--set", "tasks.generate.count=4000", "--set", "rollouts.retries=0")
    process = start(folder, "--workers", "2", "--out", run.name, *settings)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (run / "episodes.jsonl").exists():
        time.sleep(0.2)
    (server,) = servers_of(folder)
    os.kill(server, signal.SIGKILL)
    _, errors = process.communicate(timeout=120)

    assert process.returncode == 2
    assert "the vLLM server of" in errors
    assert "; the end of its log" in errors
    assert "continue with: agentrl run --resume" in errors
    assert "Traceback" not in errors.partition("the end of its log")[0]
    assert servers_of(folder) == []

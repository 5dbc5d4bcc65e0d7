"""A training whose rewards depend on groups, batches, labels and what was remembered."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentrl.runs.appraisals import APPRAISALS
from agentrl.runs.folder import read_episodes
from agentrl.runs.training import read_metrics

COUNTER = """\
name: counter
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0", options: {target: 2}}
tasks: {generate: {count: 8, seed: 0}}
agent:
  model: {backend: transformers, scratch: {hidden_size: 32, layers: 1, vocabulary: 300}}
  constrain: true
  sampling: {max_tokens: 8}
limits: {max_turns: 3}
rollouts: {concurrency: 1}
reward:
  labels:
    new: {kind: novelty, scope: global}
  terms:
    success: 1.0
    new: {weight: 0.1, level: 1, transforms: [{kind: sigmoid, reference: samples, samples: 4}]}
  gates:
    solved: {mode: on_success, closes: [new]}
    good-groups: {mode: group, share: 0.5, closes: [cheap]}
  cost:
    cheap: {kind: linear, alpha: 0.3, meter: meter/turns}
  combine:
    kind: lagrangian
    constraints: {success: {at_least: 0.9, rate: 0.5}}
train:
  algorithm: grpo
  steps: 4
  tasks_per_step: 2
  group_size: 4
  preflight: 0
  optimiser: {lr: 0.01}
  sampler: {equal_rewards: keep}
  checkpoints: {every: 1, keep_last: 10}
  trackers: []
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "counter.yaml"
    path.write_text(COUNTER, encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "agentrl.cli", "train", *map(str, arguments)]


def train(*arguments: object) -> None:
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr


def rewards(run: Path) -> dict[str, Any]:
    lines = (run / APPRAISALS).read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["id"]: json.loads(line) for line in lines}


def weights(run: Path, step: int) -> bytes:
    return (run / "checkpoints" / f"step-{step:06d}" / "model.safetensors").read_bytes()


def test_a_killed_training_goes_on_with_everything_that_rewards_remember(
    suite: Path, tmp_path: Path
) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    train(suite, "--out", straight)
    process = subprocess.Popen(
        command(suite, "--out", stopped),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    second = stopped / "checkpoints" / "step-000002" / "trainer.pt"
    deadline = time.monotonic() + 120
    while not second.exists():
        assert time.monotonic() < deadline, f"{second} did not appear"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    train("--resume", stopped)

    assert rewards(stopped) == rewards(straight)
    assert weights(stopped, 4) == weights(straight, 4)


def test_terms_gates_and_multipliers_stand_in_the_record(suite: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(suite, "--out", run, "--set", "train.steps=2")

    episodes = list(read_episodes(run))
    assert {gate.name for e in episodes for gate in e.gates} == {"solved", "good-groups"}
    for episode in episodes:
        opened = {gate.name: gate.open for gate in episode.gates}
        bonus = sum(turn.terms.get("new", 0.0) for turn in episode.turns)
        assert (bonus != 0) == opened["solved"]
        assert all("new" in turn.signals for turn in episode.turns)
    steps = [line for line in read_metrics(run / "metrics.jsonl") if line.get("phase") == "rl"]
    assert {"reward/gate/solved", "reward/term/success", "reward/multiplier/success"} <= set(
        steps[-1]
    )

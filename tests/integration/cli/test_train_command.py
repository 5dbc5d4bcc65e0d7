"""``agentrl train`` as a user runs it, on a small world and with a real model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agentrl.runs.folder import read_episodes
from tests.commands import Done, agentrl

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
train:
  algorithm: grpo
  steps: 4
  tasks_per_step: 2
  group_size: 4
  optimiser: {lr: 0.01}
  sampler: {equal_rewards: keep}
  evaluation: {tasks: {generate: {count: 20, seed: 100}}}
  checkpoints: {every: 1, keep_last: 10}
  trackers: []
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "counter.yaml"
    path.write_text(COUNTER)
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "agentrl.cli", "train", *map(str, arguments)]


def train(*arguments: object, cwd: Path) -> Done:
    return agentrl("train", *arguments, cwd=cwd)


def start(*arguments: object, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def weights(run: Path, step: int) -> bytes:
    return (run / "checkpoints" / f"step-{step:06d}" / "model.safetensors").read_bytes()


def summary(run: Path) -> Any:
    return json.loads((run / "summary.json").read_text())


def wait_for(condition: Path) -> None:
    deadline = time.monotonic() + 120
    while not condition.exists():
        assert time.monotonic() < deadline, f"{condition} did not appear"
        time.sleep(0.01)


def test_a_policy_learns_to_count(suite: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = train(
        suite,
        *("--out", run, "--set", "train.steps=12", "--set", "rollouts.concurrency=8"),
        *("--set", "train.tasks_per_step=4", "--set", "train.group_size=8"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told = summary(run)
    assert told["games"] == {"base": 20, "rl": 20}
    assert told["success"]["rl"] >= told["success"]["base"] + 0.2
    assert (run / "report.html").stat().st_size > 10_000
    assert "success" in done.stdout


def test_the_checkpoint_is_an_ordinary_model(suite: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    run = tmp_path / "run"
    assert train(suite, "--out", run, "--set", "train.steps=1", cwd=tmp_path).returncode == 0
    latest = run / "checkpoints" / "latest"
    assert AutoModelForCausalLM.from_pretrained(latest).config.model_type == "qwen2"
    assert AutoTokenizer.from_pretrained(latest).chat_template


def test_four_steps_equal_two_a_resume_and_two(suite: Path, tmp_path: Path) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    assert train(suite, "--out", straight, cwd=tmp_path).returncode == 0
    process = start(suite, "--out", stopped, cwd=tmp_path)
    wait_for(stopped / "checkpoints" / "step-000002" / "trainer.pt")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    resumed = train("--resume", stopped, cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert weights(stopped, 4) == weights(straight, 4)
    ids = Counter(episode.id for episode in read_episodes(stopped))
    assert set(ids.values()) == {1}
    assert set(ids) == {episode.id for episode in read_episodes(straight)}


def test_adapters_go_on_where_they_were_and_their_checkpoint_is_a_whole_model(
    suite: Path, tmp_path: Path
) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    lora = ("--set", "policy.lora={rank: 4}")
    assert train(suite, *lora, "--out", straight, cwd=tmp_path).returncode == 0
    process = start(suite, *lora, "--out", stopped, cwd=tmp_path)
    wait_for(stopped / "checkpoints" / "step-000002" / "trainer.pt")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    resumed = train("--resume", stopped, cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert weights(stopped, 4) == weights(straight, 4) != weights(straight, 0)
    plain = tmp_path / "plain"
    assert train(suite, "--out", plain, "--set", "train.steps=1", cwd=tmp_path).returncode == 0
    assert len(weights(plain, 0)) == len(weights(straight, 4))


def test_an_interrupted_training_saves_its_last_step(suite: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(
        suite,
        *("--out", run, "--set", "train.steps=500", "--set", "train.checkpoints.every=500"),
        cwd=tmp_path,
    )
    wait_for(run / "checkpoints" / "step-000000")
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "continue with: agentrl train --resume" in errors
    steps = sorted(path.name for path in (run / "checkpoints").glob("step-*"))
    assert steps[-1] > "step-000000"


def test_supervised_training_alone(suite: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = train(
        suite,
        *("--sft-only", "--out", run),
        *("--set", "train.sft={tasks: {generate: {count: 8, seed: 50}}, lr: 0.01, epochs: 6}"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    told = summary(run)
    assert set(told["success"]) == {"base", "sft"}
    assert told["success"]["sft"] >= told["success"]["base"] + 0.2


def test_a_training_that_cannot_work_stops_before_it_begins(suite: Path, tmp_path: Path) -> None:
    done = train(
        suite,
        *("--set", "train.sft={tasks: {generate: {count: 8, seed: 50}}}"),
        *("--set", "limits.max_turns=1", "--out", tmp_path / "run"),
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "expert: solved 0 of 2 tasks; raise limits.max_turns" in done.stderr
    assert len(list(read_episodes(tmp_path / "run" / "preflight.jsonl"))) == 2 * 4 + 2
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_an_environment_that_breaks_is_named(suite: Path, tmp_path: Path) -> None:
    broken = ("--set", "tasks={inline: [{id: a, crash_at: 0}, {id: b, crash_at: 0}]}")
    done = train(suite, *broken, "--out", tmp_path / "run", cwd=tmp_path)
    assert done.returncode == 2
    assert "task 'a'" in done.stderr
    assert "the counter broke" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_tries_a_training_and_leaves_nothing_behind(suite: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agentrl.cli", "doctor", str(suite)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    for check in ("episodes", "parser", "mask", "prefix", "rewards", "terms", "gap", "memory"):
        assert any(line.split()[:2] == [check, "ok"] for line in done.stdout.splitlines()), check
    assert list(tmp_path.iterdir()) == [suite]


def test_a_training_s_report_is_made_again_and_trainings_are_compared(
    suite: Path, tmp_path: Path
) -> None:
    runs = [tmp_path / name for name in ("one", "two")]
    for seed, run in enumerate(runs):
        settings = ("--set", "train.steps=1", "--set", f"train.seed={seed}")
        assert train(suite, *settings, "--out", run, cwd=tmp_path).returncode == 0
    (runs[0] / "report.html").unlink()
    report = [sys.executable, "-m", "agentrl.cli", "report", "--json"]
    one = subprocess.run([*report, runs[0]], capture_output=True, text=True, check=True)
    assert json.loads(one.stdout) == summary(runs[0])
    assert "after RL" in (runs[0] / "report.html").read_text()
    both = subprocess.run([*report, *runs], capture_output=True, text=True, check=True)
    rows = json.loads(both.stdout)["runs"]
    assert [row["success"]["mean"] for row in rows] == [
        summary(run)["success"]["rl"] for run in runs
    ]


def test_rewards_that_never_differ_end_the_training_with_advice(
    suite: Path, tmp_path: Path
) -> None:
    done = train(
        suite,
        *("--out", tmp_path / "run", "--set", "train.sampler.equal_rewards=skip"),
        *("--set", "limits.max_turns=1", "--set", "env.options.target=9"),
        *("--set", "train.steps=20"),
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "had nothing to learn from" in done.stderr


def test_a_training_that_diverges_stops_and_keeps_the_last_good_weights(
    suite: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    done = train(
        suite,
        *("--out", run, "--set", "train.algorithm=reinforce"),
        *("--set", "reward.terms={score: 1.0e+300}"),
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "the loss of 8 episodes (" in done.stderr
    assert "continue from the last checkpoint" in done.stderr
    assert (run / "checkpoints" / "step-000000" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("train.stepz=3", "did you mean steps"),
        ("train.algorithm=pppo", "unknown algorithm"),
        ("agent.kind=expert", "only an agent of kind 'llm' or 'choice' can be trained"),
        ("train.schedules={limits.max_turnz: {end: 3}}", "limits.max_turn"),
        ("agent.model={backend: transformers, checkpoint: ./nowhere}", "no such folder"),
    ],
)
def test_bad_input_is_told_before_anything_is_written(
    suite: Path, tmp_path: Path, setting: str, complaint: str
) -> None:
    done = train(suite, "--out", tmp_path / "run", "--set", setting, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_finished_training_has_nothing_left_to_do(suite: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert train(suite, "--out", run, "--set", "train.steps=1", cwd=tmp_path).returncode == 0
    before = (run / "metrics.jsonl").read_bytes()
    again = train("--resume", run, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "after RL" in again.stdout
    assert (run / "metrics.jsonl").read_bytes() == before

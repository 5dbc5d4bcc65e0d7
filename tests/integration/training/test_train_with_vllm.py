"""Training whose episodes vLLM samples."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.runs.folder import read_episodes
from agentrl.runs.training import read_metrics

pytest.importorskip("vllm", reason="vLLM is not installed")
pytest.importorskip("textworld", reason="textworld is not installed")

SUITE = Path(__file__).parents[3] / "tasks" / "text" / "textworld-grpo.yaml"
SMALL = {
    "policy.engine": "vllm",
    "train.steps": 3,
    "train.tasks_per_step": 2,
    "train.group_size": 4,
    "train.minibatches": 2,
    "train.sampler.equal_rewards": "keep",
    "train.evaluation.tasks.generate.count": 4,
    "train.sft.tasks.generate.count": 4,
    "train.trackers": "[]",
    "tasks.generate.count": 4,
    "agent.model.scratch": "{hidden_size: 64, layers: 2, vocabulary: 512}",
}


@pytest.mark.vllm
@pytest.mark.slow
def test_three_steps_with_vllm(tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = [f"--set={key}={value}" for key, value in SMALL.items()]
    done = subprocess.run(
        [sys.executable, "-m", "agentrl.cli", "train", str(SUITE), "--out", str(run), *settings],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    steps = [line for line in read_metrics(run / "metrics.jsonl") if line.get("phase") == "rl"]
    assert [line["step"] for line in steps] == [1, 2, 3]
    for line in steps:
        assert line["policy/logprob_gap_max"] < 1e-3
        assert line["sync/gap_max"] < 1e-3
    versions = {episode.weights_version for episode in read_episodes(run)}
    assert versions == {0, 1, 2}
    told = json.loads((run / "summary.json").read_text())
    assert set(told["success"]) == {"base", "sft", "rl"}

"""Training a choice policy from the command line, and playing with it."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentrl.runs.folder import read_episodes
from agentrl.runs.training import read_metrics
from tests.commands import ROOT, Done, agentrl

SUITE = ROOT / "tasks/conductor/choice.yaml"
HELD_OUT = 40
SHORT = (
    "train.steps=15",
    "train.tasks_per_step=8",
    "train.trackers=[]",
    "train.evaluation.every=null",
    f"train.evaluation.tasks.generate.count={HELD_OUT}",
)
GREEDY = ("agent.sampling.temperature=0", f"tasks.generate={{count: {HELD_OUT}, seed: 9000}}")


def sets(*settings: str) -> list[str]:
    """Return settings of a suite as a command line has them."""
    return [part for setting in settings for part in ("--set", setting)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run of a short training."""
    path = tmp_path_factory.mktemp("choice") / "run"
    done = agentrl("train", SUITE, *sets(*SHORT), "--out", path)
    assert done.returncode == 0, done.stderr
    return path


def told(done: Done) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_in_a_few_steps_it_learns_whom_to_ask(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())

    assert summary["algorithm"] == "rloo"
    assert summary["games"] == {"base": HELD_OUT, "rl": HELD_OUT}
    assert summary["success"]["rl"] > summary["success"]["base"] + 0.3
    last = [line for line in read_metrics(run / "metrics.jsonl") if line["phase"] == "rl"][-1]
    assert last["policy/logprob_gap_max"] < 1e-4
    assert last["sync/gap_max"] < 1e-4
    assert "choice" in (run / "report.html").read_text()


def test_the_run_plays_as_an_agent_of_a_suite(run: Path, tmp_path: Path) -> None:
    trained = sets(*GREEDY, f"agent.choice.checkpoint={run}")

    with_it = told(agentrl("run", SUITE, *trained, "--out", tmp_path / "a", "--json"))
    without = told(agentrl("run", SUITE, *sets(*GREEDY), "--out", tmp_path / "b", "--json"))

    summary = json.loads((run / "summary.json").read_text())
    assert with_it["success"]["mean"] == pytest.approx(summary["success"]["rl"])
    assert with_it["success"]["mean"] > without["success"]["mean"] + 0.3


def test_it_asks_a_worker_that_it_never_saw_where_that_fits_best(run: Path, tmp_path: Path) -> None:
    """A newcomer who can do all that the dear generalist can, for a hundredth of its price."""
    everything = "sort reverse double increase odd large sum largest smallest count"
    newcomer = {
        "kind": "program",
        "function": "agentrl.orchestrator.skills.worker:skilled",
        "options": {"can": everything.split(), "error": 0.05, "seed": 9},
        "skill": everything,
        "performance": {"one": 0.95},
        "price_in": 0.2,
        "price_out": 0.4,
    }
    added = f"orchestrator.pool.workers.newcomer={json.dumps(newcomer)}"
    played = sets(*GREEDY, added, f"agent.choice.checkpoint={run}")

    told(agentrl("run", SUITE, *played, "--out", tmp_path / "run", "--json"))

    episodes = list(read_episodes(tmp_path / "run"))
    asked = Counter(call.worker for e in episodes for turn in e.turns for call in turn.calls)
    assert asked["newcomer"] > sum(asked.values()) / 2


@pytest.mark.parametrize("algorithm", ["rloo", "sep_cma_es"])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(
    algorithm: str, tmp_path: Path
) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    suite = tmp_path / "suite.yaml"
    suite.write_text(_tiny(algorithm))
    assert agentrl("train", suite, "--out", straight).returncode == 0
    shutil.copytree(straight, stopped, symlinks=True)
    for step in (2, 3):  # as if the process had been killed while it wrote the second
        shutil.rmtree(stopped / "checkpoints" / f"step-{step:06d}")

    done = agentrl("train", "--resume", stopped)

    assert done.returncode == 0, done.stderr
    ends = [np.load(path / "checkpoints/step-000003/policy.npz") for path in (straight, stopped)]
    for name in ends[0].files:
        assert ends[0][name].tolist() == ends[1][name].tolist()
    assert _played(straight) == _played(stopped)


def _played(run: Path) -> dict[str, tuple[str, ...]]:
    """Return what was done in each episode."""
    return {e.id: tuple(turn.action for turn in e.turns) for e in read_episodes(run)}


def _tiny(algorithm: str) -> str:
    return f"""\
name: tiny
env: {{id: agentrl/Maze-v0, options: {{size: 5}}}}
tasks: {{generate: {{count: 4, seed: 0}}}}
agent: {{kind: choice}}
limits: {{max_turns: 4}}
reward: {{terms: {{success: 1.0, progress: 0.5}}}}
train:
  algorithm: {algorithm}
  steps: 3
  tasks_per_step: 2
  group_size: 4
  preflight: 0
  sampler: {{equal_rewards: keep}}
  checkpoints: {{every: 1, keep_last: 9}}
  trackers: []
"""

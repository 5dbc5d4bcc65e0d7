"""``agentrl train --progress``, from a run to a reward that uses its scorer."""

import json
from pathlib import Path

import pytest

from tests.commands import agentrl

SUITE = """\
name: maze
env: {id: agentrl/Maze-v0, options: {size: 5}}
tasks: {generate: {count: 20, seed: 1}}
agent: {kind: random}
rollouts: {attempts: 6}
limits: {max_turns: 12}
"""
REWARD = """\
reward:
  labels:
    contribution: {kind: progress, scorer: %s}
  terms:
    success: 1.0
    contribution: {weight: 0.3, level: 1, transforms: [{kind: clip, low: -0.5, high: 0.5}]}
  gates:
    solved: {mode: zero, when: {term: success, at_least: 1}, closes: [contribution]}
"""


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("progress")
    (folder / "maze.yaml").write_text(SUITE)
    done = agentrl("run", "maze.yaml", "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_fit_prints_how_well_it_foretells_and_writes_a_folder(folder: Path) -> None:
    done = agentrl("train", "maze.yaml", "--progress", "run", cwd=folder)

    assert done.returncode == 0, done.stderr
    assert "pairs of a task ranked right" in done.stdout
    assert "scorer: run/scorer-text" in done.stdout
    assert (folder / "run/scorer-text/scorer.json").is_file()
    again = agentrl("train", "maze.yaml", "--progress", "run", cwd=folder)
    assert again.returncode == 2
    assert "is there already; name another folder with --out" in again.stderr


def test_a_fit_is_one_line_of_json_where_asked_and_the_same_each_time(folder: Path) -> None:
    lines = []
    for name in ("one", "two"):
        options = ("--backend", "contrastive", "--fit", "features=512", "--json", "--out", name)
        done = agentrl("train", "maze.yaml", "--progress", "run", *options, cwd=folder)
        lines.append({**json.loads(done.stdout), "scorer": None})

    assert lines[0] == lines[1]
    assert lines[0]["episodes"] == 120
    assert lines[0]["ranked"] > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "--progress none: no such run"),
        (["run", "--outcome", "sucess"], "none of 120 scored episodes states 'sucess'"),
        (["run", "--outcome", "shortest", "--set", "env.id=agentrl/Sokoban-v0"], "are of agentrl/"),
        (["run", "--fit", "rigde=1"], "--fit rigde"),
        (["run", "--fit", "ridge"], "expected KEY=VALUE"),
        (["run", "--backend", "lm"], "begins with the agent's"),
        (["empty.jsonl"], "no scored episode with turns among 0"),
        (["lost.jsonl"], "no scored episode with turns among 120"),
        (["won.jsonl"], "success = 1: there is nothing to tell apart"),
    ],
)
def test_what_cannot_be_fitted_is_said_clearly(
    arguments: list[str], message: str, folder: Path
) -> None:
    records = [
        json.loads(line) for line in (folder / "run/episodes.jsonl").read_text().splitlines()
    ]
    won = [r for r in records if r["outcome"]["success"] == 1]
    lost = [{**r, "status": "infra_failed"} for r in records]
    for name, rows in (("empty", []), ("won", won), ("lost", lost)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines)
    if arguments[0] == "run" and "--set" in arguments:
        arguments = [*arguments, "--set", "env.options={}"]
    options = ["--progress", *arguments, "--out", "never"]
    done = agentrl("train", "maze.yaml", *options, cwd=folder)

    assert done.returncode == 2
    assert message in done.stderr
    assert not (folder / "never").exists()


def test_a_reward_takes_the_scorer_up_behind_a_gate(folder: Path) -> None:
    agentrl("train", "maze.yaml", "--progress", "run", "--out", "scorer", cwd=folder)
    (folder / "shaped.yaml").write_text(SUITE + REWARD % "scorer")
    done = agentrl("run", "shaped.yaml", "--out", "shaped", cwd=folder)
    rows = [json.loads(line) for line in lines_of(folder / "shaped/rewards.jsonl")]

    assert done.returncode == 0, done.stderr
    assert len(rows) == 120
    for row in rows:
        summed = sum(turn["contribution"] for turn in row["signals"])
        assert summed == pytest.approx(row["outcome"]["success"])
        earned = [turn.get("contribution", 0.0) for turn in row["terms"]]
        assert all(abs(term) <= 0.15 + 1e-9 for term in earned)
        if row["outcome"]["success"] < 1:
            assert not any(earned)


def test_a_suite_without_the_scorer_is_refused_before_anything_runs(folder: Path) -> None:
    (folder / "lacking.yaml").write_text(SUITE + REWARD % "nowhere")
    done = agentrl("run", "lacking.yaml", "--out", "lacking", cwd=folder)

    assert done.returncode == 2
    assert "no scorer.json in it" in done.stderr

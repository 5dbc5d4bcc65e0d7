"""``agentrl run`` where rewards wait for the group, the batch or a label."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentrl.runs.appraisals import APPRAISALS
from agentrl.runs.folder import read_episodes
from tests.commands import Done, agentrl

MAZE = """\
name: maze
env: {id: agentrl/Maze-v0, options: {size: 5}}
tasks: {generate: {count: 4, seed: 3}}
agent: {kind: random}
rollouts: {attempts: 4}
limits: {max_turns: 12}
reward:
  labels:
    rank: {kind: tournament, scheme: round_robin, rule: [{fact: score}]}
  terms: {success: 1.0, rank: 0.5}
  cost:
    cheap: {kind: linear, meter: meter/turns, alpha: 0.4, only_if: always}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "maze.yaml"
    path.write_text(MAZE, encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "agentrl.cli", *map(str, arguments)]


def run(*arguments: object) -> Done:
    return agentrl("run", *arguments)


def test_groups_are_ranked_and_costs_compared_when_all_episodes_are_there(
    suite: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"

    done = run(suite, "--out", folder)

    assert done.returncode == 0, done.stderr
    episodes = list(read_episodes(folder))
    assert len(episodes) == 16
    for group in {episode.group_id for episode in episodes}:
        ranks = [e.outcome["rank"] for e in episodes if e.group_id == group]
        assert sum(ranks) == pytest.approx(len(ranks) / 2)
    shortest = min(episodes, key=lambda e: len(e.turns))
    assert shortest.turns[-1].terms["cheap"] == pytest.approx(0.4)
    assert "rank" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_that_was_killed_ends_with_the_rewards_of_one_that_was_not(
    suite: Path, tmp_path: Path
) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    assert run(suite, "--out", straight).returncode == 0
    process = subprocess.Popen(
        command("run", suite, "--out", stopped, "--set", "rollouts.concurrency=1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (stopped / "episodes.jsonl").exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    resumed = run("--resume", stopped)

    assert resumed.returncode == 0, resumed.stderr
    assert rewards(stopped) == rewards(straight)


def rewards(folder: Path) -> dict[str, object]:
    lines = (folder / APPRAISALS).read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["id"]: json.loads(line) for line in lines}


def test_turns_are_worth_what_attempts_reach_that_go_on_from_them(
    suite: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    settings = ("tasks.generate.count=2", "rollouts.attempts=2", "rollouts.workers=2")
    vsrm = ("reward={preset: vsrm, labels: {gain: {kind: rollouts, attempts: 2}}}", *settings)

    done = run(suite, "--out", folder, *(word for s in vsrm for word in ("--set", s)))

    assert done.returncode == 0, done.stderr
    for episode in read_episodes(folder):
        gains = [turn.terms["gain"] for turn in episode.turns]
        assert {abs(gain) for gain in gains} <= {0.0, 0.5, 1.0}
        assert episode.turns[-1].signals["gain/value"] == episode.outcome["success"]
        assert episode.reward == pytest.approx(episode.outcome["success"] + sum(gains))


def test_a_judge_that_nobody_serves_ends_the_run_and_loses_nothing(
    suite: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    judge = (
        "reward.labels={q: {kind: judge, rubric: {principles: Be brief.}, retries: 0, "
        "give_up_after: 2, timeout_s: 5, "
        "model: {backend: openai, model: m, max_retries: 0, base_url: 'http://127.0.0.1:9/v1'}}}"
    )

    done = run(suite, "--out", folder, "--set", judge, "--set", "reward.terms={q: 1.0}")

    assert done.returncode != 0
    assert "127.0.0.1:9" in done.stderr
    assert len(list(read_episodes(folder))) == 16

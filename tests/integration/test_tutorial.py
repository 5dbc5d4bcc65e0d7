import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentrl.runs.folder import read_episodes
from agentrl.testing.server import FakeServer, says

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
FILE = re.compile(r"as `([\w.]+)`[^`]*```\w+\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILE.findall(PAGE.read_text()):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(*arguments: str, cwd: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "agentrl.cli", *arguments, "--json"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_tutorial_makes_three_files(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == {
        "codebreaker.py",
        "codebreaker.yaml",
        "model.yaml",
    }


def test_the_tutorials_expert_breaks_every_code(folder: Path) -> None:
    summary = run("run", "codebreaker.yaml", cwd=folder)

    assert summary["success"]["mean"] == 1.0
    assert summary["episodes"]["ok"] == 30


def test_the_tutorials_longer_code_and_two_workers_work_too(folder: Path) -> None:
    summary = run(
        *("run", "codebreaker.yaml", "--workers", "2", "--set", "env.options.length=4"), cwd=folder
    )

    assert summary["success"]["mean"] > 0.9


def test_the_tutorials_model_plays_through_an_endpoint(folder: Path) -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 20}
    answer = says("Let me see. <action>123</action>", usage=usage)
    with FakeServer([answer]) as server:
        summary = run(
            *("run", "model.yaml", "--set", f"agent.model.base_url={server.base_url}"),
            *("--out", "run"),
            cwd=folder,
        )

    assert summary["attempts"] == 4
    assert summary["cost_usd"] > 0
    assert "1" in summary["pass_at_k"]
    assert {turn.action for e in read_episodes(folder / "run") for turn in e.turns} == {"123"}


def test_a_run_of_the_tutorial_resumes_from_another_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run("run", "codebreaker.yaml", "--out", "run", cwd=folder)

    summary = run("run", "--resume", str(folder / "run"), cwd=tmp_path_factory.mktemp("elsewhere"))

    assert summary["episodes"]["ok"] == 30

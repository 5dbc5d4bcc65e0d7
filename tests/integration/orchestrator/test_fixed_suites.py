"""Every suite of a fixed topology runs as it stands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.orchestrator.topology import BUILDERS

ROOT = Path(__file__).parents[3]
SUITES = sorted(
    file for file in (ROOT / "tasks/orchestrator").glob("*.yaml") if ".pool" not in file.name
)


def test_there_is_a_suite_for_every_topology() -> None:
    assert {file.stem.replace("-", "_") for file in SUITES} == set(BUILDERS)


@pytest.mark.parametrize("suite", SUITES, ids=lambda file: file.stem)
def test_it_runs_and_answers_most_questions(suite: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agentrl.cli", "run", str(suite), "--json"]
    options = ["--out", str(tmp_path / "r"), "--set", "tasks.generate.count=20"]
    options += ["--set", "orchestrator.cache=false"]  # an older program may have answered
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=True, timeout=120
    )
    summary = json.loads(done.stdout)
    assert summary["episodes"]["ok"] == 20
    assert summary["success"]["mean"] >= 0.7

"""The examples do what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
GRPO = EXAMPLES / "grpo_in_one_file.py"

pytest.importorskip("textworld", reason="textworld is not installed")


@pytest.mark.slow
def test_grpo_in_one_file_runs_and_reports(tmp_path: Path) -> None:
    small = ["--steps", "2", "--games", "2", "--samples", "4", "--held-out", "4"]
    done = subprocess.run(
        [sys.executable, str(GRPO), *small],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"step  2: reward -?\d\.\d\d, \d+% of 8 episodes won", done.stdout)
    assert "(4 games)" in done.stdout.splitlines()[-1]


def test_grpo_in_one_file_is_short_and_stands_on_the_public_parts() -> None:
    lines = GRPO.read_text().splitlines()
    assert len(lines) <= 300
    assert not [line for line in lines if "agentrl.training" in line]

"""Two processes learn what one does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from agentrl.models.scratch import build_checkpoint
from agentrl.suite.model import Scratch

SCRIPT = Path(__file__).with_name("learn_together.py")
ALONE = [sys.executable]
TOGETHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def learn(launcher: list[str], checkpoint: Path, result: Path) -> tuple[Any, Any]:
    done = subprocess.run(
        [*launcher, str(SCRIPT), str(checkpoint), str(result)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(result.read_text()), torch.load(result.with_suffix(".pt"))


@pytest.mark.slow
def test_two_ranks_have_the_learning_curve_and_the_weights_of_one(tmp_path: Path) -> None:
    checkpoint = build_checkpoint(
        tmp_path / "model", ["up and down"], Scratch(hidden_size=32, layers=2, vocabulary=300)
    )
    alone, weights_alone = learn(ALONE, checkpoint, tmp_path / "alone.json")
    together, weights_together = learn(TOGETHER, checkpoint, tmp_path / "together.json")
    assert len(alone) == len(together) == 4
    for one, two in zip(alone, together, strict=True):
        assert one.keys() == two.keys()
        for name in ("policy/loss", "policy/grad_norm", "policy/entropy", "policy/kl"):
            assert two[name] == pytest.approx(one[name], abs=1e-4), name
    for name, value in weights_alone.items():
        torch.testing.assert_close(weights_together[name], value, atol=1e-4, rtol=0)

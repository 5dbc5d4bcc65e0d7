"""The end of a command that asked workers: its pool is closed."""

from pathlib import Path

import pytest

from agentrl.orchestrator import loop
from agentrl.orchestrator.pool import Pool
from tests.commands import ROOT, agentrl


def test_a_run_closes_its_pool_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.close_shared_pools()
    closed: list[Pool] = []

    async def close(pool: Pool) -> None:
        closed.append(pool)

    monkeypatch.setattr(Pool, "close", close)
    suite = ROOT / "tasks/orchestrator/single.yaml"
    done = agentrl("run", suite, "--set", "tasks.generate.count=2", "--out", tmp_path / "run")

    assert done.returncode == 0, done.stderr
    assert len(closed) == 1

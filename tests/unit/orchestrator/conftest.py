"""Environments of the orchestrator over workers that a test decides about."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agentrl.orchestrator import orchestrated
from agentrl.orchestrator.orchestrated import OrchestratedEnv
from agentrl.orchestrator.pool import Pool
from agentrl.orchestrator.worker import Worker
from agentrl.suite.orchestrator import OrchestratorSpec

Make = Callable[..., Any]


@pytest.fixture
def orchestrate(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what builds an environment over workers; options as in a suite."""

    def made(
        kind: type[OrchestratedEnv], workers: Sequence[Worker], **options: Any
    ) -> OrchestratedEnv:
        pool = Pool(workers)
        monkeypatch.setattr(orchestrated, "shared_pool", lambda _: pool)
        section = {
            "pool": {"workers": {w.name: {"kind": "self"} for w in workers}},
            "cache": False,
            "retries": 0,
            **options.pop("orchestrator", {}),
        }
        return kind(
            options.pop("env", {"id": "agentrl/QA-v0"}),
            orchestrator=OrchestratorSpec.model_validate(section),
            **options,
        )

    return made

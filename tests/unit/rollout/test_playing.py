import pytest

from agentrl.rollout.playing import one_workers_share
from agentrl.suite.model import OpenAISpec
from agentrl.suite.spec import SuiteSpec


@pytest.mark.parametrize(("workers", "requests", "starts"), [(1, 32, 4), (2, 16, 2), (64, 1, 1)])
def test_workers_ask_servers_and_engines_no_more_together_than_one_would(
    workers: int, requests: int, starts: int
) -> None:
    model = {"backend": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
    suite = SuiteSpec.model_validate(
        {
            "name": "shared",
            "env": {"id": "agentrl/SWE-v0"},
            "tasks": {"generate": {"count": 1}},
            "agent": {"model": {**model, "concurrency": 32}},
            "rollouts": {"workers": workers},
        }
    )

    share = one_workers_share(suite)

    assert isinstance(share.agent.model, OpenAISpec)
    assert (share.agent.model.concurrency, share.sandbox.start_budget) == (requests, starts)

"""The recipes of the Conductor and of Router-R1, rehearsed: a model from nothing, and a gateway on
this machine whose models can add."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentrl.agents.tokens import token_sequences
from agentrl.episode import Episode
from agentrl.orchestrator.loop import close_shared_pools
from agentrl.runs.folder import read_episodes
from agentrl.runs.training import read_metrics
from agentrl.suite import load_suite
from agentrl.testing.server import Answer, FakeServer, Json, says
from agentrl.training.plan import check_training
from tests.commands import ROOT, agentrl

RECIPES = ROOT / "tasks/conductor"
SUMS = [{"id": f"sum-{n}", "question": f"What is {n} + 7?", "answer": n + 7} for n in (2, 3)]
USAGE = {"prompt_tokens": 60, "completion_tokens": 4}
SMALL = (
    f"tasks={{inline: {SUMS}}}",
    "agent.model={backend: transformers, scratch: {}}",
    "agent.prompt=Go.",  # a model from nothing learns from examples alone
    "agent.sampling.max_tokens=48",
    "train.sft={epochs: 60, lr: 3.0e-3, batch: 1, min_reward: 0}",
    "train.steps=2",
    "train.preflight=0",
    "train.trackers=[]",
)


@pytest.fixture(autouse=True)
def _no_pool_of_before() -> Iterator[None]:
    close_shared_pools()  # one that was built keeps its addresses
    yield
    close_shared_pools()


def added(body: Json) -> Answer:
    """Answer as a gateway with every model would, if all of them could only add."""
    question = body["messages"][-1]["content"]
    numbers = re.findall(r"(\d+) \+ (\d+)", question)
    said = str(sum(map(int, numbers[-1]))) if numbers else "I cannot tell."
    return says(f"#### {said}" if "####" in question else said, usage=USAGE)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeServer]:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "cache"))
    with FakeServer(added) as server:
        monkeypatch.setenv("GATEWAY_URL", server.base_url)
        yield server


def trained(recipe: str, run: Path, *settings: str) -> list[dict[str, Any]]:
    """Train as a user does; return the metrics of the steps of RL."""
    given = [f"--set={setting}" for setting in (*SMALL, *settings)]
    done = subprocess.run(
        [sys.executable, "-m", "agentrl.cli", "train", RECIPES / recipe, "--out", run, *given],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return [line for line in read_metrics(run / "metrics.jsonl") if line.get("phase") == "rl"]


def in_rl(run: Path) -> list[Episode]:
    return [e for e in read_episodes(run) if e.group_id and e.id[0].isdigit()]


def worker_answers(episode: Episode) -> list[str]:
    calls = [call for turn in episode.turns for call in turn.calls]
    return [call.generation.text for call in calls if call.generation is not None]


@pytest.mark.vllm
@pytest.mark.slow
def test_the_conductors_recipe_trains_on_vllm_behind_a_gateway(
    gateway: FakeServer, tmp_path: Path
) -> None:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    run = tmp_path / "run"
    steps = trained(
        "frontier.yaml",
        run,
        "train.group_size=8",
        "train.sampler.equal_rewards=keep",  # two plans that earn the same still make a step
        "train.sft={epochs: 30, lr: 3.0e-3, batch: 1, min_reward: 0}",
        "env.options.topology={topology: single, worker: gpt-5}",  # what is imitated first
    )

    assert [line["step"] for line in steps] == [1, 2]
    assert all(line["sync/gap_max"] < 0.1 for line in steps)
    episodes = in_rl(run)
    assert {episode.weights_version for episode in episodes} == {0, 1}
    assert {episode.reward for episode in episodes} <= {0.0, 0.5, 1.0}
    assert any(worker_answers(episode) for episode in episodes)
    assert sum(line["tokens/trained"] for line in steps) > 0
    asked = next(body for body in gateway.requests if body["model"] == "gpt-5")
    assert (asked["temperature"], asked["max_tokens"]) == (0.2, 4096)
    assert asked["reasoning_effort"] == "minimal"


def test_the_recipe_of_router_r1_trains_with_a_critic(gateway: FakeServer, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    run = tmp_path / "run"
    steps = trained(
        "router_r1.yaml",
        run,
        "train.tasks_per_step=8",
        "env.id=tests.integration.orchestrator.asking:AskingRouter-v0",
        "policy={engine: transformers}",
    )

    assert [line["step"] for line in steps] == [1, 2]
    assert all(line["critic/loss"] > 0 and line["policy/grad_norm"] > 0 for line in steps)
    episodes = in_rl(run)
    assert len(episodes) == 16
    for episode in episodes:
        expected = 0.0 if episode.outcome["success"] < 1 else pytest.approx(0.7, abs=0.3)
        assert episode.reward == (expected if episode.outcome["format_valid"] else -1.0)
    assert any(episode.reward > 0 for episode in episodes)
    check_masked([episode for episode in episodes if worker_answers(episode)])
    assert len(remembered(run)["rewards"]["state"]["windows"]["cheap"]) == 16
    assert {body["temperature"] for body in gateway.requests if "qwen" in body["model"]} == {0.0}


def check_masked(episodes: list[Episode]) -> None:
    """See that what workers said is in the prompts, and that none of it is learnt."""
    assert episodes, "no router asked anybody"
    for episode in episodes:
        (sequence,) = token_sequences(episode)
        own = [
            token for turn in episode.turns for g in turn.generations for token in g.token_ids or ()
        ]
        learnt = zip(sequence.token_ids, sequence.sampled, strict=True)
        assert [token for token, sampled in learnt if sampled] == own
        informed = [turn for turn in episode.turns if "<information>" in turn.observation]
        assert informed or len(episode.turns) == 1


def remembered(run: Path) -> dict[str, Any]:
    import torch

    newest = run / "checkpoints" / "latest" / "trainer.pt"
    kept: dict[str, Any] = torch.load(newest, weights_only=False)
    return kept


@pytest.mark.parametrize("recipe", ["frontier.yaml", "router_r1.yaml"])
def test_a_recipe_is_checked_whole_without_asking_anybody(
    recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_URL", "http://192.0.2.1/v1")
    monkeypatch.setenv("GATEWAY_KEY", "secret")

    plan = check_training(load_suite(RECIPES / recipe, [SMALL[0]]))

    assert len(plan.tasks) == len(SUMS)


@pytest.mark.parametrize("recipe", ["frontier.yaml", "router_r1.yaml"])
@pytest.mark.parametrize(
    ("url", "settings", "problem"),
    [
        ("http://192.0.2.1/v1", [], "tasks.file: no file"),
        ("", [f"--set={SMALL[0]}"], "environment variable GATEWAY_URL is not set"),
    ],
)
def test_what_a_recipe_lacks_is_named_before_anything_is_written(
    recipe: str,
    url: str,
    settings: list[str],
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GATEWAY_URL", url)
    monkeypatch.setenv("GATEWAY_KEY", "secret")

    done = agentrl("train", RECIPES / recipe, "--out", tmp_path / "run", *settings)

    assert done.returncode == 2
    assert problem in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_worker_without_a_price_is_named_where_the_reward_is_about_money(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEWAY_URL", "http://127.0.0.1:9/v1")
    settings = (SMALL[0], "orchestrator.pool.workers.gemma-2-27b.price_out=null")
    given = [f"--set={setting}" for setting in settings]

    done = agentrl("train", RECIPES / "router_r1.yaml", "--out", tmp_path / "run", *given)

    assert done.returncode == 2
    assert "reward.cost.cheap: worker_usd_out needs to know what every worker costs" in done.stderr
    assert "no price for gemma-2-27b" in done.stderr
    assert not (tmp_path / "run").exists()

"""Topologies as plans: what an expert writes, what is executed, what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agentrl.orchestrator.conductor import ConductorEnv
from agentrl.orchestrator.fixed import parse_topology, topology_text
from agentrl.orchestrator.limits import Limits
from agentrl.orchestrator.workflow import WorkflowError
from agentrl.task import Task
from agentrl.testing.workers import FakeWorker

TASK = Task("t", data={"question": "What is 6 * 7?", "answer": "42", "kind": "numeric"}, seed=1)
ESCALATE = {"topology": "escalate", "workers": ["a", "b"], "expert": "c", "agree": 1}


@pytest.fixture
def escalating(orchestrate: Callable[..., Any]) -> Callable[..., ConductorEnv]:
    def made(first: str, second: str, **options: Any) -> ConductorEnv:
        workers = [FakeWorker("a", first), FakeWorker("b", second), FakeWorker("c", "42")]
        env: ConductorEnv = orchestrate(ConductorEnv, workers, topology=ESCALATE, **options)
        env.reset(seed=1, options={"task": TASK})
        return env

    return made


def test_the_names_of_the_pool_become_those_that_the_episode_uses() -> None:
    text = topology_text(ESCALATE, ("a", "b", "c"), ("Model 0", "Model 1", "Model 2"))

    assert json.loads(text) == {
        "topology": "escalate",
        "workers": ["Model 0", "Model 1"],
        "expert": "Model 2",
        "agree": 1,
    }


@pytest.mark.parametrize(("first", "nodes"), [("42", 2.0), ("41", 3.0)])
def test_a_program_asks_only_whom_it_needs(
    escalating: Callable[..., ConductorEnv], first: str, nodes: float
) -> None:
    env = escalating(first, "42")
    action = env.expert_action()
    assert action is not None

    _, reward, terminated, _, info = env.step(action)

    assert (reward, terminated) == (1.0, True)
    assert info["signals"]["nodes"] == nodes
    assert info["signals"]["worker_calls"] == nodes


def test_with_recursion_the_steps_that_were_done_are_shown_and_the_expert_keeps_the_answer(
    escalating: Callable[..., ConductorEnv],
) -> None:
    env = escalating("42", "42", recursion=True)
    shown, _, terminated, _, _ = env.step(str(env.expert_action()))

    assert not terminated
    assert "worker Model 1" in shown
    assert "worker Model 2" not in shown
    assert env.step(str(env.expert_action()))[4]["outcome"]["success"] == 1.0


def test_a_text_without_a_topology_names_none() -> None:
    assert parse_topology("model_id = [0]", ("a",), Limits()) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"topology": "vote", "workers": ["a"', "cannot be read"),
        ('{"topology": "vot", "workers": ["a"]}', "no topology 'vot'"),
        ('{"topology": "vote", "workers": ["z"]}', "z"),
        ('{"topology": "vote", "workers": ["a"], "samples": 9999}', "nodes"),
    ],
)
def test_a_topology_that_cannot_be_executed_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(WorkflowError, match=complaint):
        parse_topology(text, ("a", "b"), Limits())


@pytest.mark.parametrize(
    "options",
    [
        {"topology": "debate", "workers": ["a", "b"], "rounds": 10**9},
        {"topology": "debate", "workers": ["a", "b"], "rounds": str(10**9)},
        {"topology": "self_consistency", "worker": "a", "samples": 1e9},
        {"topology": "mixture_of_agents", "workers": ["a"], "aggregator": "a", "layers": 10**9},
        {"topology": "reflect", "worker": "a", "rounds": 10**9},
        {"topology": "team", "workers": ["a"], "rounds": 10**9},
        {"topology": "tree", "workers": ["a"], "depth": 6, "branching": 8},
        {"topology": "vote", "workers": ["a"] * 10_000},
        {"topology": "y" * 100_000},
        {"topology": "single", "worker": "a", "z" * 100_000: 1},
        {"topology": "single", "worker": "a", "instruction": "x" * 1_000_000},
        {"topology": ["single"]},
    ],
    ids=range(12),
)
@pytest.mark.timeout(60)  # it was minutes, or no end at all
def test_a_topology_that_is_far_too_large_is_refused_quickly_and_in_few_words(
    options: dict[str, Any],
) -> None:
    with pytest.raises(WorkflowError) as caught:
        parse_topology(json.dumps(options), ["a", "b"], Limits(nodes=16))

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("topology", [{}, {"topology": "single", "worker": "nobody"}])
def test_a_suite_with_a_topology_that_its_pool_cannot_run_is_refused(
    orchestrate: Callable[..., Any], topology: dict[str, Any]
) -> None:
    with pytest.raises(WorkflowError):
        orchestrate(ConductorEnv, [FakeWorker("a", "42")], topology=topology)

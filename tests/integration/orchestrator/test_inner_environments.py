"""Conductor and router on tasks that a sandbox grades: answers are patches and programs."""

from typing import Any

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.code.arithmetic import small_problem
from agentrl.envs.qa_or_code import QAOrCodeEnv
from agentrl.envs.swe.example import example_instance
from agentrl.suite.agent import EnvSpec
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

KNOWN = "tests.integration.orchestrator.known"
TASK = Task("small", seed=0)


def played(
    outer: str, inner: str, sandbox: SandboxSpec, *actions: str, **more: Any
) -> dict[str, Any]:
    """Play an episode over workers that know; return the last step's ``info``."""
    names = ("patch", "no_patch", "program")
    workers = {name: {"kind": "program", "function": f"{KNOWN}:{name}"} for name in names}
    section = {"pool": {"workers": {**workers, **more}}, "cache": False}
    spec = EnvSpec(id=outer, options={"env": {"id": inner}})
    env = build_env(spec, sandbox, OrchestratorSpec.model_validate(section))
    try:
        env.reset(seed=0, options={"task": TASK})
        steps = [env.step(action) for action in actions]
    finally:
        env.close()
    assert steps[-1][2], "the episode did not end"
    return steps[-1][4]


def asking(worker: int) -> str:
    return f'model_id = [{worker}]\nsubtasks = ["Solve it."]\naccess_list = [[]]'


@pytest.mark.parametrize(("worker", "success", "applied"), [(0, 1.0, 1.0), (1, 0.0, 0.0)])
def test_a_worker_of_a_conductor_repairs_a_repository_with_a_patch(
    sandbox: SandboxSpec, worker: int, success: float, applied: float
) -> None:
    info = played("agentrl/Conductor-v0", "agentrl/SWE-v0", sandbox, asking(worker))

    outcome = info["outcome"]
    assert (outcome["success"], outcome["resolved"]) == (success, success)
    assert outcome["patch_nonempty"] == applied
    assert info["calls"][0].generation.text


def test_a_node_is_an_agent_that_repairs_a_repository_in_its_own_sandbox(
    sandbox: SandboxSpec,
) -> None:
    agent = {
        "kind": "agent",
        "agent": {"kind": "expert"},
        "env": {"id": "agentrl/SWE-v0"},
        "sandbox": sandbox.model_dump(),
    }
    plan = 'model_id = [0, 3]\nsubtasks = ["Advise.", "Repair it."]\naccess_list = [[], [0]]'

    info = played("agentrl/Conductor-v0", "agentrl/SWE-v0", sandbox, plan, agent=agent)

    advice, repair = info["calls"]
    assert repair.worker == "agent"
    assert repair.generation.text.startswith("diff --git ")
    assert advice.generation.text in repair.messages[1][1]
    assert info["outcome"]["resolved"] == 1.0


def test_a_worker_of_a_conductor_writes_a_program(sandbox: SandboxSpec) -> None:
    info = played("agentrl/Conductor-v0", "agentrl/Code-v0", sandbox, asking(2))

    assert info["outcome"]["tests_passed"] == 1.0


def test_a_mix_of_tasks_runs_the_programs_among_them(sandbox: SandboxSpec) -> None:
    problem = small_problem(0)
    env = QAOrCodeEnv(sandbox=sandbox)
    env.reset(seed=0, options={"task": QAOrCodeEnv.task({"id": "p", **problem}, 1)})
    outcome = env.step(f"```python\n{problem['solution']}```")[4]["outcome"]
    env.close()

    assert outcome["success"] == 1.0


def test_a_router_hands_in_a_patch_between_its_tags(sandbox: SandboxSpec) -> None:
    patch = example_instance(0).patch
    info = played(
        "agentrl/Router-v0",
        "agentrl/SWE-v0",
        sandbox,
        "<think>Who knows?</think><search> Model 0:Give the patch </search>",
        f"<think>That is it.</think><answer>\n{patch}</answer>",
    )

    assert info["outcome"]["resolved"] == 1.0
    assert info["outcome"]["format_valid"] == 1.0

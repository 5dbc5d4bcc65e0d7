"""Every environment keeps the promises that ``agentrl.testing`` checks."""

from functools import partial
from typing import Any

import pytest

from agentrl.envs.build import build_env, env_class
from agentrl.envs.registry import ENTRY_POINTS
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.spec import EnvSpec
from agentrl.task import Task
from agentrl.testing.envs import check_text_env

CASES: list[tuple[str, dict[str, Any]]] = [
    ("agentrl/Maze-v0", {}),
    ("agentrl/Maze-v0", {"difficulty": "hard", "loops": 0.2, "view": "local"}),
    ("agentrl/Sokoban-v0", {}),
    ("agentrl/Sokoban-v0", {"difficulty": "hard"}),
    ("agentrl/Gym-v0", {"env": "FrozenLake-v1"}),
    ("agentrl/Gym-v0", {"env": "FrozenLake-v1", "kwargs": {"map_name": "random-6x6"}}),
    ("agentrl/Gym-v0", {"env": "Taxi-v4"}),
    ("agentrl/Gym-v0", {"env": "Blackjack-v1"}),
    ("agentrl/Gym-v0", {"env": "CliffWalkingSlippery-v1"}),
    ("agentrl/Gym-v0", {"env": "CartPole-v1"}),
]


SANDBOXED = ("agentrl/Code-v0", "agentrl/SWE-v0")
ORCHESTRATED = ("agentrl/Conductor-v0", "agentrl/Router-v0", "agentrl/Choice-v0")
ORCHESTRATOR = OrchestratorSpec.model_validate(
    {"pool": {"workers": {"sums": {"kind": "program", "function": "calculator"}}}, "cache": False}
)


@pytest.mark.parametrize(("env_id", "options"), CASES)
def test_an_environment_keeps_its_promises(env_id: str, options: dict[str, Any]) -> None:
    spec = EnvSpec(id=env_id, options=options)

    check_text_env(partial(build_env, spec), Task("any", seed=3))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"question": "Which?", "answer": "x", "choices": ["x", "y"]},
        {"question": "Who?", "answer": "Goethe", "kind": "f1"},
    ],
)
def test_questions_keep_their_promises(data: dict[str, Any]) -> None:
    spec = EnvSpec(id="agentrl/QA-v0")

    check_text_env(partial(build_env, spec), Task("any", seed=3, data=data), bad_action=" ")


@pytest.mark.parametrize("name", ["DoorKey-5x5", "MultiRoom-N2-S4", "Dynamic-Obstacles-5x5"])
def test_minigrid_keeps_its_promises(name: str) -> None:
    pytest.importorskip("minigrid")
    spec = EnvSpec(id="agentrl/Gym-v0", options={"env": f"MiniGrid-{name}-v0"})

    check_text_env(partial(build_env, spec), Task("any", seed=3))


@pytest.mark.slow
def test_textworld_keeps_its_promises() -> None:
    pytest.importorskip("textworld")
    spec = EnvSpec(id="agentrl/TextWorld-v0", options={"preset": "w2-o3-q4"})

    check_text_env(partial(build_env, spec), Task("any", seed=3))


@pytest.mark.parametrize("env_id", SANDBOXED)
def test_an_environment_that_runs_code_keeps_its_promises(
    env_id: str, sandbox: SandboxSpec
) -> None:
    check_text_env(
        partial(build_env, EnvSpec(id=env_id), sandbox), Task("any", seed=0), bad_action=" "
    )


@pytest.mark.parametrize("env_id", ORCHESTRATED)
def test_an_environment_that_asks_workers_keeps_its_promises(env_id: str) -> None:
    spec = EnvSpec(id=env_id, options={"env": {"id": "agentrl/QA-v0"}})
    task = Task("any", seed=3, data={"question": "What is 6 * 7?", "answer": "42"})

    check_text_env(partial(build_env, spec, orchestrator=ORCHESTRATOR), task)


def test_every_environment_is_among_those_checked() -> None:
    checked = {env_id for env_id, _ in CASES} | {"agentrl/QA-v0", "agentrl/TextWorld-v0"}
    checked |= {*SANDBOXED, *ORCHESTRATED}

    assert checked == set(ENTRY_POINTS)
    assert all(env_class(env_id).__doc__ for env_id in checked)

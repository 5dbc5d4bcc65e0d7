"""The suites that we ship load, and their experts solve what can be solved."""

from pathlib import Path

import pytest

from agentrl.envs.build import build_env, check_options
from agentrl.envs.tasks import load_tasks, world_seed
from agentrl.suite import load_suite

TASKS = Path(__file__).parents[3] / "tasks"


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("text/frozenlake", 1.0, 1.0),
        ("text/taxi", 1.0, 1.0),
        ("text/cliffwalking", 1.0, 1.0),
        ("text/blackjack", 0.3, 0.6),
        ("text/sokoban", 1.0, 1.0),
        ("text/maze", 1.0, 1.0),
        ("qa/arithmetic", 1.0, 1.0),
    ],
)
def test_the_expert_of_a_suite_reaches_what_can_be_reached(
    name: str, least: float, most: float
) -> None:
    suite = load_suite(TASKS / f"{name}.yaml")
    check_options(suite)
    env = build_env(suite.spec.env)

    tasks = load_tasks(suite)
    successes = 0.0
    for task in tasks:
        env.reset(seed=world_seed(0, task), options={"task": task})
        for _ in range(env.max_turns):
            _, _, terminated, truncated, _ = env.step(str(env.expert_action()))
            if terminated or truncated:
                break
        successes += env.outcome()["success"]

    assert least <= successes / len(tasks) <= most


def test_the_minigrid_suite_loads() -> None:
    pytest.importorskip("minigrid")
    suite = load_suite(TASKS / "text" / "minigrid.yaml")

    check_options(suite)

    assert len(load_tasks(suite)) == 50

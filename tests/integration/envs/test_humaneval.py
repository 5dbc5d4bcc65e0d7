"""HumanEval is read as it is published, and judged right; the file lies outside the project."""

from pathlib import Path

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.tasks import load_tasks
from agentrl.suite import Suite, load_suite
from agentrl.suite.sandbox import SandboxSpec

ROOT = Path(__file__).parents[3]
FILE = ROOT.parent / "shared" / "data" / "tasks" / "humaneval" / "HumanEval.jsonl.gz"

SAMPLE = [0, 10, 15, 20, 25, 32, 38, 44, 50, 53, 56, 68, 80, 94, 107, 115, 127, 129, 151, 160]
"""Some with loops, helpers of the prompt, random inputs, floats, and assignments in their tests."""


@pytest.fixture
def suite() -> Suite:
    if not FILE.is_file():
        pytest.skip(f"HumanEval is not at {FILE}")
    return load_suite(ROOT / "tasks" / "code" / "humaneval.yaml", [f"tasks.file={FILE}"])


def test_every_problem_is_read(suite: Suite) -> None:
    tasks = load_tasks(suite)

    assert len(tasks) == 164
    assert tasks[3].id == "HumanEval/3"


def test_a_sample_of_solutions_is_right_and_of_wrong_ones_none(
    suite: Suite, sandbox: SandboxSpec
) -> None:
    tasks = load_tasks(suite)
    env = build_env(suite.spec.env, sandbox)

    for number in SAMPLE:
        for wrong in (False, True):
            env.reset(seed=1, options={"task": tasks[number]})
            answer = str(env.expert_action())
            info = env.step("    return None" if wrong else answer)[4]
            assert info["outcome"]["success"] == float(not wrong), tasks[number].id
    env.close()

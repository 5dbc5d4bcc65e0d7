"""GSM8K is read as it is published; the files lie outside the project."""

from pathlib import Path

import pytest

from agentrl.envs.build import build_env
from agentrl.envs.qa.question import Kind, read_question
from agentrl.envs.tasks import load_tasks, world_seed
from agentrl.suite import Suite, load_suite

ROOT = Path(__file__).parents[3]
FOLDER = ROOT.parent / "shared" / "data" / "tasks" / "gsm8k"


def gsm8k(name: str) -> Suite:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"GSM8K's {name} is not at {path}")
    return load_suite(ROOT / "tasks" / "qa" / "gsm8k.yaml", [f"tasks.file={path}"])


@pytest.mark.parametrize(("name", "rows"), [("train.jsonl", 7473), ("test.jsonl", 1319)])
def test_every_row_is_read_as_a_numeric_question(name: str, rows: int) -> None:
    tasks = load_tasks(gsm8k(name))

    assert len(tasks) == rows
    assert tasks[16].id == f"{Path(name).stem}-17"
    questions = [read_question(task.data) for task in tasks]
    assert {question.kind for question in questions} == {Kind.NUMERIC}
    assert not any("<<" in question.reference for question in questions)


def test_the_expert_answers_every_test_question_and_a_wrong_number_none() -> None:
    suite = gsm8k("test.jsonl")
    env = build_env(suite.spec.env)

    for task in load_tasks(suite):
        for spoil, success in (("", 1.0), ("\n#### 123456789", 0.0)):
            env.reset(seed=world_seed(0, task), options={"task": task})
            info = env.step(f"{env.expert_action()}{spoil}")[4]
            assert info["outcome"] == {"success": success, "score": success}, task.id

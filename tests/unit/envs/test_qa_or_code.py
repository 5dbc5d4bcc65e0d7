"""One file of questions and programs."""

import pytest

from agentrl.envs.build import env_class
from agentrl.envs.qa_or_code import QAOrCodeEnv
from agentrl.errors import TaskError
from agentrl.task import Task

QUESTION = {"id": "q", "question": "What is 6 * 7?", "answer": "42"}
PROBLEM = {"id": "p", "statement": "Print the sum.", "tests": [{"stdin": "1 2", "stdout": "3"}]}


def test_its_id_imports_it() -> None:
    assert env_class("agentrl.envs.qa_or_code:QAOrCode-v0") is QAOrCodeEnv


def test_a_question_is_asked_and_graded_as_a_question() -> None:
    env = QAOrCodeEnv()
    env.reset(seed=0, options={"task": QAOrCodeEnv.task(QUESTION, 1)})

    _, reward, terminated, _, info = env.step("#### 42")

    assert (reward, terminated, info["outcome"]["success"]) == (1.0, True, 1.0)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"id": "q", "question": "Why?"}, "'answer' is None"),
        ({"id": "p", "statement": "Add.", "tests": []}, "'tests' is"),
        ({"id": "x", "query": "Why?"}, "a row with query is no problem"),
    ],
)
def test_a_row_that_is_neither_is_refused(row: dict[str, object], problem: str) -> None:
    with pytest.raises(TaskError, match=problem):
        QAOrCodeEnv.task(row, 1)


def test_a_problem_is_a_task_of_code() -> None:
    task = QAOrCodeEnv.task(PROBLEM, 1)

    assert task == Task("p", data={k: v for k, v in PROBLEM.items() if k != "id"})

from typing import Any

import pytest

from agentrl.envs.qa.env import QAEnv
from agentrl.errors import TaskError
from agentrl.task import Task


def begun(**row: Any) -> QAEnv:
    env = QAEnv()
    env.reset(seed=0, options={"task": Task("q", data={"question": "Which?", **row})})
    return env


def test_a_right_answer_ends_the_episode_with_success() -> None:
    env = begun(answer=42)

    observation, reward, terminated, truncated, info = env.step("6 * 7 = 42")

    assert (observation, reward, terminated, truncated) == ("Correct.", 1.0, True, False)
    assert info["outcome"] == {"success": 1.0, "score": 1.0}


def test_a_wrong_answer_ends_it_without() -> None:
    _, reward, terminated, _, info = begun(answer=42).step("41")

    assert (reward, terminated, info["outcome"]["success"]) == (0.0, True, 0.0)


def test_an_answer_without_an_answer_is_refused_and_may_be_given_again() -> None:
    env = begun(answer="x", choices=["x", "y"])

    observation, _, terminated, _, info = env.step("I cannot tell")

    assert observation == "It is not clear which choice the answer means: give one of A, B."
    assert (terminated, info["signals"]["format_ok"]) == (False, 0.0)
    assert env.step("A")[4]["outcome"]["success"] == 1.0


def test_choices_are_shown_and_their_letters_are_legal() -> None:
    env = begun(answer="y", choices=["x", "y"])

    assert env.render() == "Which?\n(A) x\n(B) y"
    assert env.legal_actions() == ("A", "B")
    assert env.expert_action() == "The answer is (B)."
    assert begun(answer=1).legal_actions() is None


def test_the_expert_shows_the_worked_solution_without_notes() -> None:
    env = begun(answer="2*3=<<2*3=6>>6\n#### 6")

    assert env.expert_action() == "2*3=6\n#### 6"
    assert "#### " in env.instructions


def test_without_a_file_there_are_sums() -> None:
    tasks = QAEnv.generate(10, 3, {})
    env = QAEnv()

    assert len({task.id for task in tasks}) == 10
    for task in tasks:
        env.reset(seed=1, options={"task": task})
        assert env.step(str(env.expert_action()))[1] == 1.0


def test_a_row_is_checked_when_it_is_read() -> None:
    with pytest.raises(TaskError, match="'answer' is None"):
        QAEnv.task({"id": 1, "question": "?"}, 1)

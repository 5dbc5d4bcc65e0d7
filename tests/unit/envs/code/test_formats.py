"""Rows as their authors publish them."""

from typing import Any

import pytest

from agentrl.envs.code.answer import program_of
from agentrl.envs.code.arithmetic import small_problem
from agentrl.envs.code.env import CodeEnv
from agentrl.envs.code.formats import read_problem, row_id
from agentrl.envs.code.problem import Case
from agentrl.errors import TaskError, UsageError

HUMAN_EVAL = {
    "task_id": "HumanEval/53",
    "prompt": 'def add(x: int, y: int):\n    """Add two numbers x and y"""\n',
    "entry_point": "add",
    "canonical_solution": "    return x + y\n",
    "test": "def check(candidate):\n  assert candidate(0, 1) == 1\n  assert candidate(1, 0) == 1",
}
MBPP = {
    "task_id": 11,
    "text": "Write a python function to remove first and last occurrence of a given character.",
    "code": "def remove_Occ(s,ch): \r\n    return s.replace(ch, '')\r\n",
    "test_setup_code": "",
    "test_list": ['assert remove_Occ("hello","l") == "heo"', 'assert remove_Occ("a","a") == ""'],
    "challenge_test_list": ['assert remove_Occ("hellolloll","l") == "helollol"'],
}
SANITIZED = {
    "source_file": "Benchmark Questions Verification V2.ipynb",
    "task_id": 2,
    "prompt": "Write a function to find the shared elements from the given two lists.",
    "code": "def similar_elements(a, b):\n  return tuple(set(a) & set(b))",
    "test_imports": ["import math"],
    "test_list": ["assert set(similar_elements((3, 4), (4, 7))) == set((4,))"],
}
EVALPLUS = {
    "task_id": "Mbpp/3",
    "prompt": '"""\nFind whether n is not prime.\nassert is_not_prime(2) == False\n"""\n',
    "entry_point": "is_not_prime",
    "canonical_solution": "def is_not_prime(n):\n    return not all(n % i for i in range(2, n))\n",
    "base_input": [[2], [10]],
    "plus_input": [[35]],
    "atol": 0,
    "contract": "",
    "assertion": "assert is_not_prime(2) == False",
}
OURS = {"id": "twice", "statement": "Write f.", "entry_point": "f", "tests": ["assert f(1) == 2"]}
CASES = {"statement": "Double it.", "tests": [{"stdin": "1\n", "stdout": "2\n"}]}


@pytest.mark.parametrize(
    ("row", "name", "tests"),
    [
        (HUMAN_EVAL, "add", 2),
        (MBPP, "remove_Occ", 3),
        (SANITIZED, "similar_elements", 1),
        (SANITIZED | {"test": "for i in [1]:\n    assert similar_elements([i], [i])"}, None, 2),
        (EVALPLUS, "is_not_prime", 3),
        (OURS, "f", 1),
        (CASES, "", 1),
    ],
)
def test_every_published_form_is_read(row: dict[str, Any], name: str | None, tests: int) -> None:
    problem = read_problem(row)

    assert name is None or problem.entry_point == name
    assert problem.tests == tests


def test_a_row_of_human_eval_keeps_its_prompt_and_solution() -> None:
    problem = read_problem(HUMAN_EVAL)

    assert HUMAN_EVAL["prompt"].strip() in problem.statement
    assert problem.solution.endswith("    return x + y\n")
    assert problem.examples(1) == ("assert candidate(0, 1) == 1",)


def test_imports_of_sanitized_mbpp_come_before_its_tests() -> None:
    check = read_problem(SANITIZED).check

    assert check is not None
    assert check.setup.startswith("import math")


def test_cases_are_inputs_and_outputs() -> None:
    problem = read_problem(CASES)

    assert problem.cases == (Case("1\n", "2\n"),)
    assert problem.examples(3) == ("Input:\n1\nOutput:\n2",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"question": "?"}, "a row with question is no problem; known forms are HumanEval"),
        (OURS | {"tests": []}, "'tests' is"),
        (OURS | {"tests": ["f(1) =="]}, "no Python"),
        (OURS | {"tests": [{"in": "1"}]}, "entry_point"),
        (CASES | {"tests": [{"stdin": "1"}]}, "expected an assertion as text, or 'stdin'"),
        (CASES | {"statement": " "}, "'statement' is ' '"),
        (HUMAN_EVAL | {"test": ""}, "'test' is ''"),
        (EVALPLUS | {"base_input": [], "plus_input": []}, "are empty"),
        (MBPP | {"test_list": "assert 1"}, "expected a list of texts"),
    ],
)
def test_a_row_that_cannot_be_used_is_explained(row: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        CodeEnv.task({"id": "x"} | row, 1)


def test_tasks_are_called_as_their_data_set_calls_them() -> None:
    assert [row_id(row) for row in (HUMAN_EVAL, MBPP, OURS)] == ["HumanEval/53", "mbpp-11", None]
    assert CodeEnv.task({"id": "file-1"} | HUMAN_EVAL, 1).id == "HumanEval/53"
    assert CodeEnv.task(OURS, 1).id == "twice"


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("x = 1", "x = 1"),
        ("```python\nx = 1\n```", "x = 1\n"),
        ("```\nx = 1\n```\nBetter:\n```py\nx = 2\n```\nDone.", "x = 2\n"),
        ("Sure:\n```python\nx = 1\n", "x = 1\n"),
        ("  ```python\nx = 1\n  ```", "x = 1\n"),
        ("```python\nx = '``'\n```", "x = '``'\n"),
        ("```python\n```", ""),
        ("````python\n'''\n```\n'''\n````", "'''\n```\n'''\n"),
    ],
)
def test_the_last_block_of_an_answer_counts(answer: str, program: str) -> None:
    assert program_of(answer) == program


def test_a_seed_gives_the_same_small_problem_each_time() -> None:
    assert small_problem(5) == small_problem(5)
    statements = {small_problem(seed)["statement"] for seed in range(20)}
    assert len(statements) > 10


@pytest.mark.parametrize("seed", range(12))
def test_the_solution_of_a_small_problem_passes_its_tests(seed: int) -> None:
    row = small_problem(seed)
    names: dict[str, Any] = {}

    exec(row["solution"], names)
    for test in row["tests"]:
        exec(test, names)


@pytest.mark.parametrize(
    "options", [{"attempts": 0}, {"examples": -1}, {"test_s": 0.0}, {"observation_chars": 5}]
)
def test_an_option_without_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected at least"):
        CodeEnv(**options)

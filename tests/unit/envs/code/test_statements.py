"""Tests are taken apart without changing what they test."""

import pytest

from agentrl.envs.code.statements import called_function, read_assertions, read_check
from agentrl.errors import TaskError

CHECK = '''
METADATA = {"author": "x"}

def check(candidate):
    """Doc."""
    import math
    assert candidate(1) == 2, "message"
    assert True, "nothing"
    values = [1, 2]
    for value in values:
        assert candidate(value) > 0
    helper = lambda x: candidate(x)
    assert abs(helper(3) - 4) < 1e-6
'''


def test_every_statement_of_a_check_with_an_assertion_is_a_test() -> None:
    check = read_check(CHECK, "f")

    assert [(unit.source.split("\n")[0], unit.test) for unit in check.units] == [
        ("import math", False),
        ("assert candidate(1) == 2, 'message'", True),
        ("assert True, 'nothing'", False),
        ("values = [1, 2]", False),
        ("for value in values:", True),
        ("helper = lambda x: candidate(x)", False),
        ("assert abs(helper(3) - 4) < 1e-06", True),
    ]
    assert check.setup == "METADATA = {'author': 'x'}"


def test_both_sides_of_an_equality_are_told_apart() -> None:
    units = read_check(CHECK, "f").units

    assert [(unit.left, unit.right) for unit in units if unit.left] == [("candidate(1)", "2")]


def test_a_check_that_returns_is_one_test() -> None:
    check = read_check("def check(f):\n    if f(1):\n        return\n    assert f(2)\n", "g")

    assert [unit.source for unit in check.units] == ["check(f)"]
    assert check.setup.startswith("def check(f):")
    assert check.argument == "f"


def test_a_call_of_check_at_the_end_is_left_out() -> None:
    check = read_check("def check(c):\n    assert c(1) == 1\n\ncheck(f)\n", "f")

    assert (len(check.units), check.setup) == (1, "")


def test_a_script_is_taken_apart_as_it_stands() -> None:
    script = (
        "inputs = [[1], [2]]\n"
        "def assertion(out, exp):\n    assert out == exp\n"
        "for i in inputs:\n    assertion(double(*i), i[0] * 2)\n"
    )

    check = read_check(script, "double")

    assert [unit.test for unit in check.units] == [False, False, True]


def test_given_assertions_stay_one_test_each() -> None:
    check = read_assertions(
        ["assert f(1) == 2", "x = f(2)\nassert x == 3", "assert f(1) == 2\nassert f(3) == 4"],
        "import math",
        "f",
    )

    assert sum(unit.test for unit in check.units) == 3
    assert check.setup == "import math"


@pytest.mark.parametrize(
    ("source", "message"),
    [("def check(", "no Python"), ("x = 1", "test nothing"), ("assert True", "test nothing")],
)
def test_what_tests_nothing_is_refused(source: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        read_check(source, "f")


@pytest.mark.parametrize(
    ("tests", "solution", "name"),
    [
        (["assert min_cost([1]) == 2"], "def min_cost(x): ...", "min_cost"),
        (["assert set(similar([1])) == {1}"], "def similar(x): ...", "similar"),
        (["assert math.isclose(area(1), 2)"], "import math\ndef area(x): ...", "area"),
        (["assert outer(inner(1))"], "", "outer"),
        (["assert 1 == 1"], "def f(): ...", ""),
    ],
)
def test_the_function_under_test_is_found(tests: list[str], solution: str, name: str) -> None:
    assert called_function(tests, solution) == name

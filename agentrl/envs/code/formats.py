"""Rows of HumanEval (arXiv 2107.03374), MBPP (2108.07732), EvalPlus (2305.01210), and our own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentrl.envs.code.problem import Case, Problem
from agentrl.envs.code.statements import (
    Check,
    Unit,
    called_function,
    read_assertions,
    read_check,
)
from agentrl.errors import TaskError

Row = Mapping[str, Any]

_FORMS = (
    "HumanEval: prompt, entry_point, test; MBPP: text or prompt, test_list; EvalPlus: prompt, "
    "entry_point, base_input, plus_input; ours: statement, tests"
)
_COMPARED = """\
import copy as _copy

def _same(left, right, tolerance):
    if isinstance(right, float) or isinstance(left, float):
        if left == right or (left != left and right != right):
            return True
        return abs(left - right) <= max(tolerance or 1e-9, 1e-7 * abs(right))
    if isinstance(right, (list, tuple)) and isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(
            _same(*pair, tolerance) for pair in zip(left, right))
    if isinstance(right, dict) and isinstance(left, dict):
        return left.keys() == right.keys() and all(
            _same(left[key], right[key], tolerance) for key in right)
    return left == right
"""


def read_problem(row: Row) -> Problem:
    """Return the problem that a row of any of the forms holds.

    Raises:
        TaskError: it has the keys of none, or something in it cannot be used.
    """
    if "statement" in row and "tests" in row:
        return _own(row)
    if "test_list" in row:
        return _mbpp(row)
    if "prompt" in row and "entry_point" in row:
        return _evalplus(row) if "base_input" in row else _human_eval(row)
    known = ", ".join(sorted(map(str, row))) or "nothing"
    raise TaskError(f"a row with {known} is no problem; known forms are {_FORMS}")


def row_id(row: Row) -> str | None:
    """Return the id that a data set gives a row, as text; None without one.

    >>> row_id({"task_id": "HumanEval/3"}), row_id({"task_id": 12})
    ('HumanEval/3', 'mbpp-12')
    """
    given = row.get("task_id")
    if given is None:
        return None
    return f"mbpp-{given}" if isinstance(given, int) else str(given)


def _human_eval(row: Row) -> Problem:
    prompt, entry = _text(row, "prompt"), _text(row, "entry_point")
    body = row.get("canonical_solution") or ""
    return Problem(
        statement=_complete(prompt),
        entry_point=entry,
        prompt=prompt,
        check=read_check(_text(row, "test"), entry),
        solution=prompt + str(body) if body else "",
    )


def _evalplus(row: Row) -> Problem:
    """EvalPlus's own files give inputs; what must come out is what the solution returns."""
    prompt, entry = _text(row, "prompt"), _text(row, "entry_point")
    solution = prompt + _text(row, "canonical_solution")
    inputs = [*(row.get("base_input") or ()), *(row.get("plus_input") or ())]
    if not inputs:
        raise TaskError("'base_input' and 'plus_input' are empty, expected lists of arguments")
    setup = f"{_COMPARED}\n_inputs = {inputs!r}"
    tolerance = row.get("atol") or 0
    copied = "_copy.deepcopy(_inputs[{n}])"
    units = tuple(
        Unit(
            f"assert _same({entry}(*{copied}), _reference(*{copied}), {tolerance})".replace(
                "{n}", str(n)
            )
        )
        for n in range(len(inputs))
    )
    return Problem(
        statement=_complete(prompt),
        entry_point=entry,
        prompt=prompt,
        check=Check(units, setup),
        reference=solution,
        solution=solution,
    )


def _mbpp(row: Row) -> Problem:
    statement = _text(row, "text" if "text" in row else "prompt")
    solution = str(row.get("code") or "")
    tests = [*_texts(row, "test_list"), *_texts(row, "challenge_test_list")]
    setup = "\n".join([*_texts(row, "test_imports"), str(row.get("test_setup_code") or "")])
    entry = called_function(tests, solution)
    check = read_assertions(tests, setup, entry)
    if row.get("test"):  # MBPP+ on top of the first tests
        more = read_check(str(row["test"]), entry)
        check = Check((*check.units, *more.units), f"{setup}\n{more.setup}", more.argument)
    return Problem(statement.strip(), entry, check=check, solution=solution)


def _own(row: Row) -> Problem:
    tests, entry = row["tests"], str(row.get("entry_point") or "")
    if not isinstance(tests, list | tuple) or not tests:
        raise TaskError(f"'tests' is {tests!r}, expected a list of assertions or of cases")
    calls = all(isinstance(test, str) for test in tests)
    if entry and not calls:
        raise TaskError("'entry_point' names a function, but 'tests' are cases for a program")
    return Problem(
        statement=_text(row, "statement").strip(),
        entry_point=entry,
        prompt=str(row.get("prompt") or ""),
        check=read_assertions(tests, str(row.get("setup") or ""), entry) if calls else None,
        cases=() if calls else tuple(_case(test) for test in tests),
        solution=str(row.get("solution") or ""),
    )


def _case(test: Any) -> Case:
    if not (isinstance(test, Mapping) and {"stdin", "stdout"} == set(test)):
        raise TaskError(
            f"a test is {json.dumps(test, default=str)[:80]}, expected an assertion as text, or "
            f"'stdin' and 'stdout'"
        )
    return Case(str(test["stdin"]), str(test["stdout"]))


def _complete(prompt: str) -> str:
    return f"Complete this Python function:\n\n```python\n{prompt.strip()}\n```"


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{key!r} is {value!r}, expected a text")
    return value


def _texts(row: Row, key: str) -> Sequence[str]:
    values = row.get(key)
    if values is None:
        return ()
    if isinstance(values, str) or not all(isinstance(value, str) for value in values):
        raise TaskError(f"{key!r} is {values!r}, expected a list of texts")
    return list(values)

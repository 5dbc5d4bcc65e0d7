"""Milestones that a frozen model marks in a program."""

import ast
import asyncio
import itertools
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.verify.instrument import (
    Instrumented,
    Instrumenter,
    insertions,
    introspects,
)

TEXTS = {"loaded": "loaded data", "trained": "trained the model"}
PROGRAM = """\
def load():
    return [1, 2, 3]

data = load()
if data:
    model = sum(data)
print(model)
"""
HONEST = """\
def load():
    return [1, 2, 3]

data = load()
print('loaded data')
if data:
    model = sum(data)
    print('trained the model')  # here
print(model)
"""


def instrumented(
    program: str, answer: str | Callable[[Request], str], **milestones: str
) -> Instrumented:
    model = ScriptedModel(answer if callable(answer) else [answer])
    return asyncio.run(Instrumenter(model, milestones or TEXTS).instrument(program))


def output_of(program: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    return ran.stdout.decode()


def test_an_honest_answer_marks_what_the_program_reaches() -> None:
    found = instrumented(PROGRAM, f"Sure:\n```python\n{HONEST}```")

    output = output_of(found.program)

    assert found.marked
    assert output.split("\n")[-2] == "6"
    assert "loaded data" not in output
    assert found.facts(output) == {"loaded": 1.0, "trained": 1.0}


def test_a_milestone_that_is_not_reached_is_not_counted() -> None:
    dying = PROGRAM.replace("if data:", "raise SystemExit\nif data:")

    found = instrumented(dying, HONEST.replace("if data:", "raise SystemExit\nif data:"))

    assert found.marked
    assert found.facts(output_of(found.program)) == {"loaded": 1.0, "trained": 0.0}


DISHONEST = {
    "changes a value": HONEST.replace("[1, 2, 3]", "[1, 2, 4]"),
    "changes a type": HONEST.replace("[1, 2, 3]", "[True, 2, 3]"),
    "removes a statement": HONEST.replace("print(model)", ""),
    "adds a statement": HONEST + "model = 7\n",
    "prints something else": HONEST + "print('all done')\n",
    "prints with a side effect": HONEST.replace(
        "'trained the model'", "'trained the model', load()"
    ),
    "prints by another name": HONEST + "say = print\n",
    "renames": HONEST.replace("data", "rows").replace("loaded rows", "loaded data"),
    "adds an else": HONEST.replace("print(model)", "").rstrip()
    + "\nelse:\n    pass\nprint(model)\n",
    "adds a decorator": "@print\n" + HONEST,
    "answers nothing": "",
    "answers no program": "I cannot do that.",
}


@pytest.mark.parametrize("name", DISHONEST)
def test_a_model_that_does_anything_else_leaves_the_program_as_it_was(name: str) -> None:
    found = instrumented(PROGRAM, DISHONEST[name])

    assert not found.marked
    assert found.program == PROGRAM
    assert set(found.facts(output_of(PROGRAM)).values()) == {0.0}


def test_an_agent_that_prints_the_texts_itself_reaches_nothing() -> None:
    forging = "print('loaded data')\nprint('trained the model')\n"

    idle = instrumented(forging, forging)
    busy = instrumented(forging, forging + "print('loaded data')\n")

    assert set(idle.facts(output_of(idle.program)).values()) == {0.0}
    assert busy.facts(output_of(busy.program)) == {"loaded": 1.0, "trained": 0.0}


def test_an_agent_that_catches_one_mark_has_no_other() -> None:
    catching = (
        "real, seen = print, []\n"
        "def print(*args, **kwargs):\n"
        "    seen.extend(args)\n"
        "    real(*args)\n"
        "data = [1]\n"
        "for text in seen:\n"
        "    real(text)\n"
    )
    answer = catching.replace("data = [1]\n", "data = [1]\nprint('loaded data')\n")

    found = instrumented(catching, answer)

    assert found.marked
    assert found.facts(output_of(found.program)) == {"loaded": 1.0, "trained": 0.0}


@pytest.mark.parametrize(
    "line",
    [
        "import inspect",
        "from sys import _getframe",
        "import importlib.util",
        "open(__file__)",
        "exec('x')",
        "(lambda: 0).__code__",
        "getattr(sys, 'x')",
        "open('/proc/self/mem')",
        "import os.path as gc",
        "def f(eval): pass",
        "print('{0.__code__.co_consts}'.format(load))",
    ],
)
def test_a_program_that_could_read_its_own_code_is_not_marked(line: str) -> None:
    program = f"{line}\n{PROGRAM}"

    found = instrumented(program, f"{line}\n{HONEST}")

    assert introspects(ast.parse(program))
    assert (found.program, found.marked) == (program, False)


def test_ordinary_programs_may_be_marked() -> None:
    program = "import os, sys, json\nimport numpy as np\nprint(open('x').read(), sys.argv)\n"

    assert not introspects(ast.parse(program))


def test_docstrings_and_future_imports_stay_first() -> None:
    program = '"""Doc."""\nfrom __future__ import annotations\nx = 1\n'
    late = program.replace("x = 1\n", "x = 1\nprint('loaded data')\n")

    assert not instrumented(program, "print('loaded data')\n" + program).marked
    assert not instrumented(program, program.replace("from", "print('loaded data')\nfrom")).marked
    assert instrumented(program, late).marked


def test_a_program_is_asked_about_once_and_marked_anew_each_time() -> None:
    asked = itertools.count()

    def answer(request: Request) -> str:
        next(asked)
        assert "data = load()" in request.messages[-1].content
        assert "insert all" not in request.messages[-1].content
        return HONEST

    async def twice() -> list[Instrumented]:
        instrumenter = Instrumenter(ScriptedModel(answer), TEXTS)
        return [
            await instrumenter.instrument(f"# insert all prints here, {n}\n{PROGRAM}")
            for n in range(2)
        ]

    one, other = asyncio.run(twice())

    assert next(asked) == 1
    assert one.program != other.program
    assert set(one.facts(output_of(other.program)).values()) == {0.0}


@pytest.mark.parametrize(
    "program", ["x = (", "x = 1\0", "(" * 100_000, "x = 1\n" * 10_000, "x = 1" + "+ 1" * 15_000]
)
def test_a_program_that_cannot_be_parsed_runs_as_it_is(program: str) -> None:
    assert instrumented(program, HONEST).program == program


@pytest.mark.parametrize("texts", [{}, {"a": "x", "b": "x"}, {"a": " "}, {"a": "x\ny"}])
def test_milestones_that_cannot_be_told_apart_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="a line of text of its own"):
        Instrumenter(ScriptedModel(["x"]), texts)


LINES = ["x = 1", "print('loaded data')", "print('trained the model')", "y = 2"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES)), st.data())
def test_whatever_prints_are_inserted_just_they_are_found(
    program: list[str], data: st.DataObject
) -> None:
    answered = list(program)
    prints = data.draw(st.lists(st.sampled_from(LINES[1:3]), max_size=4))
    for line in prints:
        answered.insert(data.draw(st.integers(0, len(answered))), line)

    found = insertions(
        ast.parse("\n".join(program)), ast.parse("\n".join(answered)), dict.fromkeys(TEXTS.values())
    )

    assert found is not None
    assert len(found) == len(prints)

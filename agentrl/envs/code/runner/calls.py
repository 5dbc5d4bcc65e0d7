"""Tests that call the program's functions."""

import ast
import builtins
import importlib
import signal
from collections.abc import Iterator
from typing import Any

from agentrl.envs.code.runner.remote import (
    EndedError,
    Program,
    UnreadableError,
    is_remote,
    value_of,
)

Result = "tuple[bool, str]"
_MOST_STARTS = 8


class _OvertimeError(BaseException):
    """A test took too long; no ``except Exception`` of a test swallows it."""


def run_calls(
    order: "dict[str, Any]", folder: str, program: "Program | None" = None
) -> "Iterator[tuple[bool, str]]":
    """Yield how each of the order's tests came out, of a program that may run already."""
    signal.signal(signal.SIGALRM, _ring)
    program = program or Program(order, folder)
    try:
        yield from _run(order, program)
    finally:
        program.close()


class BrokenError(Exception):
    """The tests themselves cannot run here, which says nothing about the program."""


def _run(order: "dict[str, Any]", program: Program) -> "Iterator[tuple[bool, str]]":
    names = {}  # type: dict[str, Any]
    failure = _prepare(order, program, names)
    starts = 1
    for unit in order["units"]:
        if not failure:
            problem, ended = _attempt(order, program, unit, names)
            starts += ended
            if problem and (not unit["test"] or starts > _MOST_STARTS):
                failure = "not reached: " + problem
            elif unit["test"]:
                yield not problem, problem
                continue
        if failure and unit["test"]:
            yield False, failure
    if failure:
        yield False, failure  # a last statement that fails is no test, but the whole fails


def _prepare(order: "dict[str, Any]", program: Program, names: "dict[str, Any]") -> str:
    """Load the program and what the tests need; return why it cannot be loaded."""
    problem, _ = _timed(order, program, lambda: program.open())
    if problem:
        return problem
    _read_prompt(order["prompt"], names)
    if order["reference"]:
        right = {}  # type: dict[str, Any]
        _define(order["reference"], right)
        names["_reference"] = right[order["entry"]]

    def go() -> None:
        _bind(order, program, names)
        _define(order["setup"], names)

    return _timed(order, program, go)[0]


def _read_prompt(prompt: str, names: "dict[str, Any]") -> None:
    """Define what the prompt does; one that is but the beginning of a function defines nothing."""
    try:
        compile(prompt, "<prompt>", "exec", dont_inherit=True)
    except SyntaxError:
        return
    _define(prompt, names)


def _define(source: str, names: "dict[str, Any]") -> None:
    try:
        exec(compile(source, "<tests>", "exec", dont_inherit=True), names)
    except ImportError as exc:
        if is_remote(exc):
            raise
        raise BrokenError(f"the tests need what the image lacks: {exc}") from None


def _bind(order: "dict[str, Any]", program: Program, names: "dict[str, Any]") -> None:
    """Give the tests the names of the program that they use and do not define."""
    entry = order["entry"]
    wanted = _used(order) - set(names) - set(dir(builtins))
    reply = program.ask({"do": "names", "names": sorted(wanted | ({entry} if entry else set()))})
    for name in reply["names"]:
        module = reply["modules"].get(name)
        names[name] = importlib.import_module(module) if module else value_of(program, name)
    if entry and entry not in reply["names"]:
        raise NameError(f"the program defines no {entry}")
    if entry:
        names[order["argument"]] = names[entry]


def _used(order: "dict[str, Any]") -> "set[str]":
    source = "\n".join([order["setup"], *(unit["source"] for unit in order["units"])])
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def _attempt(
    order: "dict[str, Any]", program: Program, unit: "dict[str, Any]", names: "dict[str, Any]"
) -> "tuple[str, bool]":
    """Return why a statement fails, and whether the program's process was started again."""

    def go() -> None:
        program.open()
        if unit["left"]:
            _compare(unit, names)
        else:
            exec(compile(unit["source"], "<tests>", "exec", dont_inherit=True), names)

    return _timed(order, program, go, unit["source"])


def _compare(unit: "dict[str, Any]", names: "dict[str, Any]") -> None:
    left = eval(unit["left"], names)
    right = eval(unit["right"], names)
    if not left == right:
        raise AssertionError(
            "{} is {}, expected {}".format(unit["left"], _shown(left), _shown(right))
        )


def _timed(
    order: "dict[str, Any]", program: Program, go: Any, source: str = ""
) -> "tuple[str, bool]":
    signal.setitimer(signal.ITIMER_REAL, order["test_s"])
    try:
        go()
        return "", False
    except _OvertimeError:
        signal.setitimer(signal.ITIMER_REAL, 0)
        program.close()
        return "took longer than {:g} s{}".format(order["test_s"], _at(source)), True
    except (EndedError, UnreadableError) as exc:
        return f"{exc}{_at(source)}", True
    except AssertionError as exc:
        return str(exc) or f"fails{_at(source)}", False
    except BrokenError:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever the program raises fails the test
        return f"{type(exc).__name__}: {exc}{_at(source)}", False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _at(source: str) -> str:
    return ": " + source.strip() if source else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else text[:300] + "..."


def _ring(number: int, frame: Any) -> None:
    raise _OvertimeError

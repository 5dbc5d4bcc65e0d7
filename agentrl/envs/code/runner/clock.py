"""The clock: root's process, which times programs on the same tests, in turns."""

import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from agentrl.envs.code.runner import process
from agentrl.envs.code.runner.calls import BrokenError, run_calls
from agentrl.envs.code.runner.cases import run_cases
from agentrl.envs.code.runner.remote import Program


def main() -> None:
    """Time the orders on standard input; write a line with the shortest time of each.

    A time is None where the program fails a test. What Python needs to start is left out where the
    tests call functions; where they run the program, it counts, because taking a measured start
    off would make the shortest times a matter of luck.
    """
    process.hide()
    results = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    order = json.loads(sys.stdin.buffer.read().decode())
    try:
        record = {"seconds": _shortest(order["orders"], order["repeats"])}  # type: dict[str, Any]
    except BrokenError as exc:
        record = {"end": str(exc)}
    results.write(json.dumps(record) + "\n")
    results.flush()


def _shortest(orders: "list[dict[str, Any]]", repeats: int) -> "list[float | None]":
    times = [[] for _ in orders]  # type: list[list[float | None]]
    for _ in range(repeats):
        for order, own in zip(orders, times):  # noqa: B905 - Python 3.6 has no strict
            if None not in own:
                own.append(_seconds(order))
    return [None if None in own else min(filter(_known, own)) for own in times]  # type: ignore[type-var]


def _known(seconds: "float | None") -> bool:
    return seconds is not None


def _seconds(order: "dict[str, Any]") -> "float | None":
    """Return how long all tests take once, or None where one fails."""
    process.sweep()
    folder = tempfile.mkdtemp(prefix="program-")
    try:
        if os.getuid() == 0:
            with suppress(OSError):
                os.chown(folder, process.AGENT_UID, process.AGENT_UID)
        return _timed_cases(order, folder) if order["cases"] else _timed_calls(order, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _timed_calls(order: "dict[str, Any]", folder: str) -> "float | None":
    program = Program(order, folder)
    program.warm()
    started = time.perf_counter()
    passed = [one for one, _ in run_calls(order, folder, program)]
    taken = time.perf_counter() - started
    return taken if all(passed) else None


def _timed_cases(order: "dict[str, Any]", folder: str) -> "float | None":
    started = time.perf_counter()
    passed = [one for one, _ in run_cases(order, folder)]
    taken = time.perf_counter() - started
    return taken if all(passed) else None

"""The judge: root's process, which runs the tests and says how each came out."""

import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from agentrl.envs.code.runner.calls import BrokenError, run_calls
from agentrl.envs.code.runner.cases import run_cases
from agentrl.envs.code.runner.process import AGENT_UID, hide

_MOST_MESSAGE = 1000


def main() -> None:
    """Carry out the order on standard input; write one result a line, and a line at the end."""
    hide()
    # What tests print goes nowhere; the program never had this descriptor.
    results = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    order = json.loads(sys.stdin.buffer.read().decode())
    folder = tempfile.mkdtemp(prefix="program-")
    try:
        if os.getuid() == 0:
            with suppress(OSError):
                os.chown(folder, AGENT_UID, AGENT_UID)
        ended = _carry_out(order, folder, results)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _write(results, {"end": ended})


def _carry_out(order: "dict[str, Any]", folder: str, results: Any) -> str:
    """Write a result for each test; return why the tests could not run, if they could not."""
    run = run_cases if order["cases"] else run_calls
    deadline = time.monotonic() + order["total_s"]
    try:
        for passed, message in run(order, folder):
            _write(results, {"passed": passed, "message": message[:_MOST_MESSAGE]})
            if time.monotonic() > deadline:
                break
    except BrokenError as exc:
        return str(exc)
    return ""


def _write(results: Any, record: "dict[str, Any]") -> None:
    results.write(json.dumps(record) + "\n")
    results.flush()

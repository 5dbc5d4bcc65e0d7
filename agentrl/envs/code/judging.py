"""Running a program's tests in a sandbox."""

import json
from dataclasses import dataclass
from typing import Any

from agentrl.envs.code.problem import Problem
from agentrl.envs.code.runner import argv
from agentrl.errors import SandboxError, TaskError
from agentrl.sandboxes.base import RunResult, Sandbox

_GRACE_S = 30.0
_KILLED = 137


@dataclass(frozen=True, slots=True)
class Result:
    """How one test came out."""

    passed: bool
    message: str = ""
    """Why it failed."""


def judge(
    sandbox: Sandbox, problem: Problem, program: str, *, test_s: float, total_s: float
) -> tuple[Result, ...]:
    """Return how each test of the problem came out for a program, in order.

    Args:
        sandbox: one with ``runner_files`` in place.
        problem: what is tested.
        program: the answer: a program, or what continues the problem's prompt.
        test_s: longest time for a test; longer ones fail.
        total_s: time after which the tests that are left fail.

    Raises:
        TaskError: the tests themselves cannot run in the sandbox.
        SandboxError: the sandbox fails.
    """
    order = order_of(problem, program, test_s, total_s)
    ran = sandbox.run(
        argv("judge"),
        stdin=json.dumps(order).encode(),
        timeout_s=total_s + test_s + _GRACE_S,
    )
    results = list(_read(ran))
    missing = "not run: the time for all tests was over"
    if ran.timed_out or ran.exit_code == _KILLED:
        missing = "not run: the tests were ended, for lack of time or memory"
    results += [Result(False, missing)] * (problem.tests - len(results))
    return (*results[: problem.tests - 1], _last(results, problem.tests))


def _last(results: list[Result], count: int) -> Result:
    """Return the last test's result; a failure behind it is one of the whole."""
    return next((r for r in results[count - 1 :] if not r.passed), results[count - 1])


def order_of(problem: Problem, program: str, test_s: float, total_s: float) -> dict[str, Any]:
    """Return what the judge is told."""
    check = problem.check
    units = check.units if check else ()
    return {
        "prompt": problem.prompt,
        "program": program,
        "entry": problem.entry_point,
        "reference": problem.reference,
        "setup": check.setup if check else "",
        "argument": check.argument if check else "",
        "units": [
            {"source": u.source, "test": u.test, "left": u.left, "right": u.right} for u in units
        ],
        "cases": [{"stdin": case.stdin, "stdout": case.stdout} for case in problem.cases],
        "test_s": test_s,
        "total_s": total_s,
    }


def _read(ran: RunResult) -> list[Result]:
    results: list[Result] = []
    for line in ran.stdout.decode(errors="replace").splitlines():
        record = json.loads(line) if line.endswith("}") else {}
        if record.get("end"):
            raise TaskError(str(record["end"]))
        if "passed" in record:
            results.append(Result(bool(record["passed"]), str(record["message"])))
    if ran.exit_code not in (0, _KILLED) and not ran.timed_out:
        said = ran.stderr[-500:].decode(errors="replace").strip()
        raise SandboxError(f"the judge of a program ended with {ran.exit_code}: {said}")
    return results

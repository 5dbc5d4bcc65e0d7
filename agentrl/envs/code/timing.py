"""How long programs take for a problem's tests, measured in a sandbox."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.envs.code.judging import order_of
from agentrl.envs.code.problem import Problem
from agentrl.envs.code.runner import argv
from agentrl.errors import SandboxError, TaskError
from agentrl.sandboxes.base import Sandbox

_GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Times:
    """The shortest of several runs of all tests, in seconds."""

    reference_s: float
    own_s: float | None
    """None where the program fails a test this time."""


def measure(
    sandbox: Sandbox, problem: Problem, program: str, *, repeats: int, test_s: float, total_s: float
) -> Times:
    """Return how long the problem's solution and a program take for all tests, in turns.

    Args:
        sandbox: one with ``runner_files`` in place.
        problem: one with a solution.
        program: the answer.
        repeats: how often each runs; the shortest time counts.
        test_s: longest time for a test.
        total_s: longest time for all tests of one run.

    Raises:
        TaskError: the solution fails the problem's own tests.
        SandboxError: the sandbox fails.
    """
    seconds = _seconds(sandbox, problem, [problem.solution, program], repeats, test_s, total_s)
    if seconds[0] is None:
        raise TaskError(
            "the solution of the task fails the task's own tests, so that it cannot be "
            "what a program is timed against"
        )
    return Times(seconds[0], seconds[1])


def _seconds(
    sandbox: Sandbox,
    problem: Problem,
    programs: Sequence[str],
    repeats: int,
    test_s: float,
    total_s: float,
) -> Sequence[float | None]:
    order = {
        "orders": [order_of(problem, program, test_s, total_s) for program in programs],
        "repeats": repeats,
    }
    limit_s = len(programs) * repeats * (total_s + test_s) + _GRACE_S
    ran = sandbox.run(argv("clock"), stdin=json.dumps(order).encode(), timeout_s=limit_s)
    lines = ran.stdout.decode(errors="replace").splitlines()
    if ran.timed_out or ran.exit_code or not lines:
        said = ran.stderr[-500:].decode(errors="replace").strip()
        raise SandboxError(f"the clock of a program ended with {ran.exit_code}: {said}")
    record = json.loads(lines[-1])
    if "seconds" not in record:
        raise TaskError(str(record["end"]))
    return [None if one is None else float(one) for one in record["seconds"]]

"""A worker that does what its instruction says, if it can, with what it sees and nothing else."""

import random
import re
from collections.abc import Sequence

from agentrl.errors import UsageError, nearest
from agentrl.orchestrator.program import Program
from agentrl.orchestrator.skills.operations import OPERATIONS, Numbers, apply, named, read_list
from agentrl.orchestrator.skills.operations import write_list as written
from agentrl.orchestrator.worker import Request

_GIVEN = re.compile(r"Numbers: ([\d ]+)\.\s*([^\n]*)")


def skilled(can: Sequence[str], error: float = 0.0, seed: int = 0) -> Program:
    """Return a program that does one operation, the first that its instruction names.

    It works on the answers that it sees; a worker that sees none works on the question's numbers.
    Where the instruction names no operation, the worker helps itself: it does the first part of
    the question that it can do. What it cannot do, it says in words.

    Args:
        can: names of ``operations.OPERATIONS`` that it is able to do.
        error: how often one of its numbers is wrong by one.
        seed: decides, with the request's own seed, when.

    Raises:
        UsageError: there is no such operation, or the error is no share.
    """
    for operation in can:
        if operation not in OPERATIONS:
            raise UsageError(
                f"a worker is to do {operation!r}{nearest(operation, OPERATIONS)}; the operations "
                f"are {', '.join(OPERATIONS)}"
            )
    if not 0 <= error <= 1:
        raise UsageError(f"a worker's error is {error}, expected a share from 0 to 1")

    def answer(request: Request) -> str:
        inputs, asked = _work(request)
        told = named(request.instruction)
        wanted = told[:1] or [operation for operation in asked if operation in can][:1]
        if not wanted:
            return "There is nothing here that I can do."
        if wanted[0] not in can:
            return f"I cannot {wanted[0]}."
        result = apply(wanted[0], inputs)
        if result is None:
            return f"I cannot {wanted[0]} this."
        rng = random.Random(f"{seed}:{request.node}:{request.seed}")
        return written(_spoilt(result, rng) if rng.random() < error else result)

    return answer


def given_numbers(request: Request) -> Numbers:
    """Return the numbers of the question; none where it gives none."""
    question = _GIVEN.search(request.messages[-1].content)
    return (read_list(question[1]) or ()) if question else ()


def _work(request: Request) -> tuple[list[Numbers], list[str]]:
    """Return the lists that a request is about, and what the question asks for."""
    question = _GIVEN.search(request.messages[-1].content)
    if request.sees:
        seen = [read_list(work.answer) for work in request.sees]
        inputs = [numbers for numbers in seen if numbers is not None]
    else:
        inputs = [given_numbers(request)] if question else []
    return inputs, named(question[2]) if question else []


def _spoilt(numbers: Numbers, rng: random.Random) -> Numbers:
    if not numbers:
        return (0,)
    place = rng.randrange(len(numbers))
    return tuple(n + (index == place) for index, n in enumerate(numbers))

"""A worker that looks at an answer and says whether it is right, without giving a better one."""

import random

from agentrl.errors import UsageError
from agentrl.orchestrator.program import Program
from agentrl.orchestrator.skills.operations import write_list
from agentrl.orchestrator.skills.puzzle import done
from agentrl.orchestrator.skills.worker import given_numbers
from agentrl.orchestrator.worker import Request

WRONG = "wrong"
"""What it says of an answer that it finds wrong; of another it repeats it."""


def checker(error: float = 0.0, seed: int = 0) -> Program:
    """Return a program that repeats the last answer that it sees, or calls it ``wrong``.

    Args:
        error: how often it takes a wrong answer for a right one, or the other way round.
        seed: decides, with the request's own seed, when.

    Raises:
        UsageError: the error is no share.
    """
    if not 0 <= error <= 1:
        raise UsageError(f"a worker's error is {error}, expected a share from 0 to 1")

    def answer(request: Request) -> str:
        if not request.sees:
            return "There is nothing to check."
        data, said = request.task.data, request.sees[-1].answer
        truth = done(data["parts"], data["sees"], given_numbers(request))
        right = said == write_list(truth or ())
        mistaken = random.Random(f"{seed}:{request.node}:{request.seed}").random() < error
        return said if right != mistaken else WRONG

    return answer

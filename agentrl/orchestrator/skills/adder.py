"""A program worker for sums that knows every part of a fixed topology: to answer, judge, rank."""

import random
import re

from agentrl.orchestrator.program import Program
from agentrl.orchestrator.programs.calculator import NoArithmeticError, expressions, shown, value
from agentrl.orchestrator.vote import vote
from agentrl.orchestrator.worker import Request

_CLEAR = re.compile(r"[\d.-]+")
_REVIEW = re.compile(r"It should be ([\d.-]+)\.")


def adder(error: float = 0.0, seed: int = 0) -> Program:
    """Return a program that works out the arithmetic of the question.

    It reviews (``ACCEPT`` or ``REJECT``), ranks (``BEST 2 1``) and plans when it is told to. After
    a review it gives what that says; shown answers of others, what most of them and it say.

    Args:
        error: how often it is wrong by one.
        seed: decides, with the request's own seed, when.
    """

    def answer(request: Request) -> str:
        own = _own(request, error, seed)
        seen = [work.answer for work in request.sees if _CLEAR.fullmatch(work.answer)]
        if "ACCEPT" in request.instruction:
            return "ACCEPT" if seen[-1:] == [own] else "REJECT"
        if "BEST" in request.instruction:
            order = sorted(range(len(seen)), key=lambda index: seen[index] != own)
            return f"BEST {' '.join(str(index + 1) for index in order)}"
        if request.instruction.startswith("Plan"):
            return "Add the numbers up."
        if request.instruction.startswith("Review"):
            return f"It should be {own}."
        review = _REVIEW.fullmatch(request.sees[-1].answer) if request.sees else None
        if review:
            return review[1]
        return vote([own, *seen], "number").answer if seen else own

    return answer


def _own(request: Request, error: float, seed: int) -> str:
    found = expressions(request.messages[-1].content)
    try:
        number = value(found[-1]) if found else None
    except NoArithmeticError:
        number = None
    if number is None:
        return "There is nothing to add up."
    wrong = random.Random(f"{seed}:{request.node}:{request.seed}").random() < error
    return shown(number + 1 if wrong else number)

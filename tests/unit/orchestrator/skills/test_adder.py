"""The worker of the suites of topologies: every part that a topology gives out."""

import pytest

from agentrl.models.base import Message
from agentrl.orchestrator.program import Program
from agentrl.orchestrator.skills.adder import adder
from agentrl.orchestrator.staged import RANK, VERIFY
from agentrl.orchestrator.topologies import CRITIQUE, MERGE, PLAN, REVISE
from agentrl.orchestrator.worker import Request, Seen
from agentrl.task import Task


def ask(instruction: str, *seen: str, question: str = "What is 3 + 4?", error: float = 0) -> str:
    sees = tuple(Seen(f"n{index}", "", text) for index, text in enumerate(seen))
    worker: Program = adder(error)
    said = worker(Request(Task("t"), (Message("user", question),), instruction, "n", 0, sees))
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize(
    ("instruction", "seen", "answer"),
    [
        ("", (), "7"),
        (VERIFY, ("7",), "ACCEPT"),
        (VERIFY, ("8",), "REJECT"),
        (RANK, ("8", "7", "9"), "BEST 2 1 3"),
        (MERGE, ("8", "7"), "7"),
        (MERGE, ("8", "8"), "8"),
        (PLAN, (), "Add the numbers up."),
        (CRITIQUE, ("8",), "It should be 7."),
        (REVISE, ("7", "It should be 9."), "9"),
    ],
)
def test_it_does_its_part(instruction: str, seen: tuple[str, ...], answer: str) -> None:
    assert ask(instruction, *seen) == answer


def test_where_it_errs_it_is_wrong_by_one() -> None:
    assert ask("", error=1.0) == "8"


def test_a_question_without_a_sum_is_answered_in_words() -> None:
    assert ask("", question="Who are you?") == "There is nothing to add up."

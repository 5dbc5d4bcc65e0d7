"""A checker knows wrong answers, and gives no better ones."""

import pytest

from agentrl.errors import UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.program import Program
from agentrl.orchestrator.skills.checker import checker
from agentrl.orchestrator.worker import Request, Seen
from agentrl.task import Task

TASK = Task("t", data={"parts": ["odd", "sum"], "sees": [[], [0]]})


def check(worker: Program, *seen: str, seed: int = 0) -> str:
    sees = tuple(Seen(f"n{index}", "", text) for index, text in enumerate(seen))
    messages = (Message("user", "check\n\nQuestion:\nNumbers: 7 3 8. Do odd, then sum."),)
    said = worker(Request(TASK, messages, "check", "n", seed, sees))
    assert isinstance(said, str)
    return said


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (("7 3", "10"), "10"),
        (("7 3", "11"), "wrong"),
        (("I cannot sum.",), "wrong"),
        ((), "There is nothing to check."),
    ],
)
def test_it_repeats_a_right_answer_and_calls_another_wrong(
    seen: tuple[str, ...], said: str
) -> None:
    assert check(checker(), *seen) == said


def test_it_is_mistaken_as_often_as_it_is_said_to_be() -> None:
    worker = checker(error=0.2, seed=1)
    said = [check(worker, "10", seed=seed) for seed in range(1000)]

    assert said.count("wrong") == pytest.approx(200, abs=45)


def test_an_error_that_is_no_share_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a share"):
        checker(error=2)

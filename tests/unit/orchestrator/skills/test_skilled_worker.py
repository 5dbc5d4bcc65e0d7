"""A worker does what its instruction says, and only with what it sees."""

import pytest

from agentrl.errors import UsageError
from agentrl.models.base import Message
from agentrl.orchestrator.program import Program
from agentrl.orchestrator.skills.worker import skilled
from agentrl.orchestrator.worker import Request, Seen
from agentrl.task import Task

QUESTION = "Numbers: 7 3 8. Sort, then sum."


def ask(worker: Program, instruction: str = "", *seen: str, seed: int = 0) -> str:
    sees = tuple(Seen(f"n{index}", "", text) for index, text in enumerate(seen))
    messages = (Message("user", f"{instruction}\n\nQuestion:\n{QUESTION}"),)
    said = worker(Request(Task("t"), messages, instruction, "n", seed, sees))
    assert isinstance(said, str)
    return said


def test_it_works_on_the_numbers_of_the_question_where_it_sees_nobody() -> None:
    assert ask(skilled(["sort"]), "sort") == "3 7 8"


def test_it_works_on_what_it_sees_and_not_on_the_question() -> None:
    assert ask(skilled(["sum"]), "sum", "1 2") == "3"


def test_shown_too_much_it_takes_all_of_it() -> None:
    assert ask(skilled(["sum"]), "sum", "1 2", "5") == "8"


def test_it_does_not_do_what_it_was_not_told_though_the_question_asks_for_it() -> None:
    assert ask(skilled(["sort", "reverse"]), "reverse") == "8 3 7"


def test_told_nothing_it_does_the_first_part_of_the_question_that_it_can() -> None:
    assert ask(skilled(["sum", "reverse"]), "Check the answer.") == "18"


@pytest.mark.parametrize(
    ("can", "instruction", "seen"),
    [(["sort"], "sum", ()), (["odd"], "", ()), (["sum"], "sum", ("I cannot sort.",))],
)
def test_what_it_cannot_do_it_says_in_words(
    can: list[str], instruction: str, seen: tuple[str, ...]
) -> None:
    answer = ask(skilled(can), instruction, *seen)

    assert not any(sign.isdigit() for sign in answer)


def test_it_is_wrong_as_often_as_it_is_said_to_be_and_by_one() -> None:
    worker = skilled(["sum"], error=0.3, seed=5)
    answers = [ask(worker, "sum", seed=seed) for seed in range(2000)]

    assert set(answers) == {"18", "19"}
    assert answers.count("19") / 2000 == pytest.approx(0.3, abs=0.05)
    assert answers == [ask(worker, "sum", seed=seed) for seed in range(2000)]


@pytest.mark.parametrize(("can", "error"), [(["srot"], 0.0), (["sort"], 1.5)])
def test_a_skill_or_an_error_that_is_none_is_refused(can: list[str], error: float) -> None:
    with pytest.raises(UsageError):
        skilled(can, error)

import random

import pytest

from agentrl.envs.swe.grading.canaries import make_canaries, wrong_answer
from agentrl.envs.swe.grading.verdict import Status


@pytest.mark.parametrize("framework", ["pytest", "unittest"])
def test_right_answers_are_no_problem(framework: str) -> None:
    canaries = make_canaries(framework, "tests", random.Random(1))
    right = dict.fromkeys(canaries.passing, Status.PASSED)
    right |= dict.fromkeys(canaries.failing, Status.FAILED)

    assert wrong_answer(canaries, right) == ""
    for name in canaries.failing:
        assert "must fail" in wrong_answer(canaries, {**right, name: Status.PASSED})
        assert "must fail" in wrong_answer(canaries, {**right, name: Status.SKIPPED})
    for name in canaries.passing:
        assert "must pass" in wrong_answer(canaries, {**right, name: Status.FAILED})
        without = {id: status for id, status in right.items() if id != name}
        assert "never run" in wrong_answer(canaries, without)


def test_a_canary_whose_fixtures_fail_says_nothing() -> None:
    canaries = make_canaries("pytest", "tests", random.Random(1))
    every = canaries.passing | canaries.failing

    assert wrong_answer(canaries, dict.fromkeys(every, Status.ERROR)) == ""


def test_nobody_can_guess_their_names() -> None:
    first, second = (make_canaries("pytest", "tests", random.Random(n)) for n in (1, 2))

    assert not first.passing & second.passing
    assert not set(first.files) & set(second.files)
    assert first == make_canaries("pytest", "tests", random.Random(1))

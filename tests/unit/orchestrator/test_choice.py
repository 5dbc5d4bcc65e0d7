"""Asking workers one after the other, and knowing when to stop."""

from collections.abc import Callable
from typing import Any

import pytest

from agentrl.orchestrator.choice import ChoiceEnv
from agentrl.orchestrator.worker import Descriptor, WorkerFailedError
from agentrl.task import Task
from agentrl.testing.envs import check_text_env
from agentrl.testing.workers import FakeWorker, broken

TASK = Task("t", data={"question": "What is 6 * 7?", "answer": "42", "kind": "numeric"}, seed=1)

Make = Callable[..., ChoiceEnv]


@pytest.fixture
def make(orchestrate: Callable[..., Any]) -> Make:
    return lambda workers, **options: orchestrate(ChoiceEnv, workers, **options)


def begun(env: ChoiceEnv) -> ChoiceEnv:
    env.reset(seed=1, options={"task": TASK})
    return env


def three() -> list[FakeWorker]:
    answers = {"a": "#### 41", "b": "#### 42", "c": "The answer is 42."}
    return [FakeWorker(name, answer) for name, answer in answers.items()]


def test_it_keeps_what_every_environment_promises(make: Make) -> None:
    check_text_env(lambda: make(three()), TASK)


def test_at_first_one_can_only_ask(make: Make) -> None:
    assert begun(make(three())).legal_actions() == ("ask Model 0", "ask Model 1", "ask Model 2")


def test_answers_that_say_the_same_are_counted_together(make: Make) -> None:
    env = begun(make(three()))
    env.step("ask Model 0")
    env.step("ask Model 1")

    text, _, _, _, info = env.step("ask Model 2")

    assert "Model 0 says (1) 41" in text
    assert "Model 2 says (2) 42" in text
    assert info["signals"]["agreement"] == pytest.approx(2 / 3)
    assert env.legal_actions() == ("vote", "take Model 0", "take Model 1", "take Model 2")


def test_the_vote_hands_in_what_most_say(make: Make) -> None:
    env = begun(make(three()))
    for number in range(3):
        env.step(f"ask Model {number}")

    _, reward, terminated, _, info = env.step("vote")

    assert terminated
    assert (reward, info["outcome"]["success"]) == (1.0, 1.0)


def test_an_answer_can_be_taken_from_one_worker(make: Make) -> None:
    env = begun(make(three()))
    env.step("ask Model 0")

    assert env.step("take Model 0")[4]["outcome"]["success"] == 0.0


def test_an_action_that_is_not_possible_now_is_refused(make: Make) -> None:
    env = begun(make(three()))

    text, _, _, _, info = env.step("vote")

    assert "There is no action 'vote' now" in text
    assert info["signals"]["format_ok"] == 0.0


def test_when_the_turns_are_used_up_the_votes_so_far_count(make: Make) -> None:
    env = begun(make(three()))
    env.step("ask Model 1")

    assert env.outcome()["success"] == 1.0


def test_no_more_than_so_many_can_be_asked(make: Make) -> None:
    env = begun(make(three(), asks=1))
    env.step("ask Model 0")

    assert env.legal_actions() == ("vote", "take Model 0")


def test_workers_that_all_fail_are_no_reward_of_zero(make: Make) -> None:
    env = begun(make([FakeWorker("a", broken("a"))]))

    with pytest.raises(WorkerFailedError):
        env.step("ask Model 0")


def told(env: ChoiceEnv) -> dict[str, dict[str, float]]:
    """Return what is told of each action, by its name."""
    choices = env.choices()
    return {
        action: dict(zip(env.choice_facts, facts, strict=True))
        for action, facts in zip(choices.actions, choices.facts, strict=True)
    }


def test_of_each_action_it_is_told_how_things_stand(make: Make) -> None:
    known = Descriptor(1.0, 2.0, performance={"": 0.9}, tags=("maths",))
    env = begun(make([*three(), FakeWorker("d", "42", descriptor=known)]))
    env.step("ask Model 0")
    env.step("ask Model 1")

    facts = told(env)

    assert env.choices().actions == env.legal_actions()
    assert facts["ask Model 3"]["ask_skill"] > facts["ask Model 2"]["ask_skill"] == 0.0
    assert env.choices().words == ("", "maths", "", "", "")
    assert facts["vote"]["vote"] == facts["take Model 1"]["take"] == 1.0
    assert facts["take Model 0"]["backing"] == facts["take Model 1"]["backing"]
    assert {row["asked"] for row in facts.values()} == {2 / 5}


def test_a_worker_says_the_same_whenever_it_is_asked(make: Make) -> None:
    workers = [FakeWorker(name, lambda request: str(request.seed)) for name in "ab"]
    first, second = begun(make(workers)), begun(make(workers))
    first.step("ask Model 0")
    first.step("ask Model 1")
    second.step("ask Model 1")

    assert first.said[1].text == second.said[0].text != first.said[0].text


def test_a_worker_that_is_asked_again_may_say_something_else(make: Make) -> None:
    worker = FakeWorker("a", lambda request: str(request.seed))
    env = begun(make([worker], again=True))
    env.step("ask Model 0")
    env.step("ask Model 0")

    assert env.said[0].text != env.said[1].text
    assert told(env)["ask Model 0"]["ask_again"] == 1.0

"""Planning over a pool: what is executed, what is refused, what it comes to."""

from collections.abc import Callable
from typing import Any

import pytest

from agentrl.errors import UsageError
from agentrl.orchestrator.conductor import ConductorEnv
from agentrl.orchestrator.planning import Situation
from agentrl.orchestrator.self_worker import SelfWorker
from agentrl.orchestrator.worker import Descriptor, WorkerFailedError
from agentrl.task import Task
from agentrl.testing.envs import check_text_env
from agentrl.testing.workers import FakeWorker, broken

TASK = Task("t", data={"question": "What is 6 * 7?", "answer": "42", "kind": "numeric"}, seed=1)
KEEP = "model_id = []\nsubtasks = []\naccess_list = []"

Make = Callable[..., ConductorEnv]


def plan(*steps: tuple[int, str, object]) -> str:
    workers, texts, access = zip(*steps, strict=True)
    return f"model_id = {list(workers)}\nsubtasks = {list(texts)}\naccess_list = {list(access)}"


@pytest.fixture
def make(orchestrate: Callable[..., Any]) -> Make:
    return lambda workers, **options: orchestrate(ConductorEnv, workers, **options)


def begun(env: ConductorEnv) -> str:
    return env.reset(seed=1, options={"task": TASK})[0]


def test_it_keeps_what_every_environment_promises(make: Make) -> None:
    workers = [FakeWorker("a", "The answer is 41."), FakeWorker("b", "#### 42")]
    check_text_env(lambda: make(workers), TASK)


def test_the_question_and_anonymous_workers_are_shown(make: Make) -> None:
    descriptor = Descriptor(price_in=1.0, price_out=2.0, description="the big one", tags=("math",))
    text = begun(make([FakeWorker("big", descriptor=descriptor)]))

    assert "Model 0: math; 1 / 2 USD per 1M tokens in / out" in text
    assert "What is 6 * 7?" in text
    assert "big" not in text


def test_the_answer_of_the_last_step_is_graded_by_the_inner_environment(make: Make) -> None:
    first, second = FakeWorker("a", "It is 41."), FakeWorker("b", "#### 42")
    env = make([first, second])
    begun(env)

    _, reward, terminated, _, info = env.step(plan((0, "Try.", []), (1, "Check.", "all")))

    assert terminated
    assert reward == 1.0
    assert info["outcome"]["success"] == 1.0
    assert info["outcome"]["usd"] == pytest.approx(2 * (10 * 1.0 + 5 * 2.0) / 1e6)
    assert info["signals"]["nodes"] == 2.0
    assert [call.worker for call in info["calls"]] == ["a", "b"]
    assert [m.content for m in second.requests[0].messages][:2] == ["Try.", "It is 41."]


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ("I would ask the first model.", "no workflow in the text"),
        (plan((3, "Try.", [])), "model_id\\[0\\] is 3, expected a whole number from 0 to 0"),
        ("model_id=[0]\nsubtasks=['a','b']\naccess_list=[[]]", "one entry for each step"),
        (KEEP, "no answer to keep yet"),
    ],
)
def test_a_plan_that_is_none_costs_a_turn_and_is_answered_with_what_was_wrong(
    make: Make, action: str, complaint: str
) -> None:
    env = make([FakeWorker("a", "#### 42")])
    begun(env)

    text, _, terminated, _, info = env.step(action)

    assert not terminated
    assert info["signals"]["format_ok"] == 0.0
    assert pytest.approx(env.outcome()["parsed"]) == 0.0
    with pytest.raises(AssertionError, match=complaint):
        raise AssertionError(text)


def test_with_recursion_an_answer_is_shown_and_kept_by_three_empty_lists(make: Make) -> None:
    env = make([FakeWorker("a", "#### 42")], recursion=True)
    begun(env)

    shown, _, terminated, _, _ = env.step(plan((0, "Try.", [])))
    _, _, kept, _, info = env.step(KEEP)

    assert not terminated
    assert "#### 42" in shown
    assert "4 more times" in shown
    assert kept
    assert info["signals"]["kept"] == 1.0
    assert info["outcome"]["success"] == 1.0


def test_a_second_plan_replaces_the_first_answer(make: Make) -> None:
    env = make([FakeWorker("a", ["#### 41", "#### 42"])], recursion=True)
    begun(env)
    env.step(plan((0, "Try.", [])))
    env.step(plan((0, "Again.", [])))

    assert env.step(KEEP)[4]["outcome"]["success"] == 1.0


def test_the_last_plan_ends_the_episode(make: Make) -> None:
    env = make([FakeWorker("a", "#### 42")], recursion=True, orchestrator={"limits": {"steps": 1}})
    begun(env)

    assert env.step(plan((0, "Try.", [])))[2]


def test_the_conductor_itself_as_the_last_step_plans_again(make: Make) -> None:
    me = SelfWorker("me", Descriptor())
    env = make([FakeWorker("a", "#### 42"), me], recursion=True)
    begun(env)

    shown, _, terminated, _, info = env.step(plan((0, "Try.", []), (1, "Think again.", "all")))

    assert not terminated
    assert info["signals"]["nodes"] == 1.0
    assert "#### 42" in shown
    assert "only be the last step" in env.step(plan((1, "Me.", []), (0, "You.", [])))[0]


def test_workers_that_all_fail_are_no_reward_of_zero(make: Make) -> None:
    env = make([FakeWorker("a", broken("a"))])
    begun(env)

    with pytest.raises(WorkerFailedError):
        env.step(plan((0, "Try.", [])))


def test_a_failed_step_is_told_to_those_that_see_it(make: Make) -> None:
    second = FakeWorker("b", "#### 42")
    env = make([FakeWorker("a", broken("a")), second])
    begun(env)

    _, _, _, _, info = env.step(plan((0, "Try.", []), (1, "Check.", "all")))

    assert info["signals"]["failed_nodes"] == 1.0
    assert info["outcome"]["success"] == 1.0
    assert "failed" in second.requests[0].messages[1].content


def test_a_sub_pool_is_drawn_by_the_seed(make: Make) -> None:
    workers = [FakeWorker(name, "#### 42") for name in "abcdef"]
    env = make(workers, orchestrator={"sub_pool": {"size": 2}, "anonymous": False})

    drawn = {env.reset(seed=seed, options={"task": TASK})[0] for seed in range(20)}

    assert len(env.names) == 2
    assert len(drawn) > 5
    assert (
        env.reset(seed=3, options={"task": TASK})[0] == env.reset(seed=3, options={"task": TASK})[0]
    )


def test_a_budget_of_zero_asks_nobody_and_the_episode_is_scored(make: Make) -> None:
    worker = FakeWorker("a", "#### 42")
    env = make([worker], orchestrator={"limits": {"usd": 0.0}})
    begun(env)

    _, _, terminated, _, info = env.step(plan((0, "Try.", [])))

    assert terminated
    assert info["outcome"]["success"] == 0.0
    assert not worker.requests


def test_the_expert_writes_the_workflow_that_the_task_names(make: Make) -> None:
    env = make([FakeWorker("a", "#### 42")])
    task = Task("t", data={**TASK.data, "workflow": plan((0, "Try.", []))}, seed=1)
    env.reset(seed=1, options={"task": task})

    action = env.expert_action()

    assert action is not None
    assert env.step(action)[4]["outcome"]["success"] == 1.0


def test_in_brief_workers_stand_behind_the_words_that_ask_for_them(make: Make) -> None:
    able = Descriptor(price_in=1.0, price_out=2.0, tags=("code", "is"), performance={"qa": 0.9})
    other = Descriptor(price_in=3.5, price_out=7.0, tags=("is",))
    workers = [FakeWorker("a", "#### 41", descriptor=able), FakeWorker("b", descriptor=other)]
    env = make(workers, brief=True, recursion=True)

    assert "What is|1:0|3.5:1 6 * 7?" in begun(env)
    assert env.step(plan((0, "Try.", [])))[0] == "Answer: #### 41"
    assert "|" not in workers[0].requests[0].messages[-1].content


def test_a_later_plan_asks_workers_anew_and_the_first_as_ever(make: Make) -> None:
    worker = FakeWorker("a", "#### 41")
    env = make([worker], recursion=True)
    for _ in range(2):
        begun(env)
        env.step(plan((0, "Try.", [])))
        env.step(plan((0, "Try.", [])))

    seeds = [request.seed for request in worker.requests]
    assert seeds[0] != seeds[1]
    assert seeds[:2] == seeds[2:]


def first_of(situation: Situation) -> str:
    """Ask the first worker, then keep what it said."""
    return plan((0, next(iter(situation.workers)), [])) if situation.answer is None else KEEP


def test_a_planner_plans_for_the_workers_that_there_are(make: Make) -> None:
    here = {"function": f"{__name__}:first_of"}
    env = make([FakeWorker("a", "#### 42")], planner=here, recursion=True)
    begun(env)

    assert env.expert_action() == plan((0, "a", []))
    env.step(str(env.expert_action()))
    assert env.expert_action() == KEEP


def test_a_planner_that_is_no_function_is_refused(make: Make) -> None:
    with pytest.raises(UsageError, match="expected \\{function: module:name"):
        make([FakeWorker("a")], planner={"name": "x"})

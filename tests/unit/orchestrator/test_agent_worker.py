"""Tests of agents as workers: an episode of a toy world is the answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentrl.agents.base import Action, View
from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import ModelError
from agentrl.models.base import Message
from agentrl.orchestrator.agent_worker import AgentWorker
from agentrl.orchestrator.guard import Guarded
from agentrl.orchestrator.worker import Answer, Descriptor, Request, Seen, WorkerFailedError
from agentrl.suite.worker import AgentWorkerSpec, GuardSpec
from agentrl.task import Task
from agentrl.testing.agents import FunctionAgent, Policy
from agentrl.testing.worlds import COUNTER_ID


def spec(**more: Any) -> AgentWorkerSpec:
    return AgentWorkerSpec.model_validate(
        {"kind": "agent", "agent": {"kind": "expert"}, "env": {"id": COUNTER_ID}, **more}
    )


def ask(
    policy: Policy, task: Task | None = None, descriptor: Descriptor | None = None, **more: Any
) -> Answer:
    worker = AgentWorker("a", spec(**more), FunctionAgent(policy), descriptor or Descriptor())
    task = task or Task("t", seed=0)
    sees = (Seen("n0", "count", "I count 2"),)
    request = Request(task, (Message("user", "Go"),), "Count on.", "n1", 5, sees)

    async def once() -> Answer:
        try:
            return await worker.answer(request)
        finally:
            await worker.close()

    return asyncio.run(once())


def up(view: View) -> Action:
    usage = Usage(100, 10, 50)
    return Action("up", (Generation("up", "stop", "m", Sampling(), usage, cost_usd=0.25),))


def test_an_episode_is_played_and_its_last_action_is_the_answer() -> None:
    answer = ask(up)

    assert answer.text == "up"
    assert answer.note == "3 turns"
    assert answer.generation.finish_reason == "terminated"


def test_an_episode_takes_what_its_turns_take() -> None:
    stated = ask(up).generation
    priced = ask(up, descriptor=Descriptor(2.0, 10.0)).generation

    assert stated.usage == Usage(300, 30, 150)
    assert stated.cost_usd == pytest.approx(0.75)
    assert priced.cost_usd == pytest.approx((300 * 2 + 30 * 10) / 1e6)


def test_the_agent_is_shown_its_part_and_what_others_did() -> None:
    shown: list[str] = []

    def looks(view: View) -> Action:
        shown.append(view.observation)
        return Action("up")

    ask(looks)

    assert shown[0] == (
        "The counter shows 0.\n\nDone before by others (count):\nI count 2\n\n"
        "What you are asked to do about it:\nCount on."
    )
    assert shown[1] == "The counter shows 1."


def test_an_episode_that_was_cut_off_still_has_an_answer() -> None:
    answer = ask(lambda _: Action("down"), max_turns=2)

    assert (answer.text, answer.generation.finish_reason) == ("down", "max_turns")


def test_an_environment_that_breaks_is_a_failure_of_the_worker() -> None:
    with pytest.raises(WorkerFailedError, match=r"could not finish its episode: .*broke"):
        ask(up, Task("t", data={"crash_at": 0}))


def test_an_episode_that_nobody_can_score_still_has_an_answer() -> None:
    assert ask(up, Task("t", data={"unscored": True})).text == "up"


def test_a_model_that_fails_is_a_failure_of_the_worker() -> None:
    def fails(view: View) -> Action:
        raise ModelError("no server")

    with pytest.raises(WorkerFailedError, match="no server"):
        ask(fails)


def test_an_agent_that_never_ends_is_given_up() -> None:
    async def waits(view: View) -> Action:
        await asyncio.sleep(3600)
        return Action("up")

    worker = AgentWorker("a", spec(), FunctionAgent(waits), Descriptor())
    guard = Guarded(worker, GuardSpec(timeout_s=0.1))

    with pytest.raises(WorkerFailedError, match=r"within 0\.1 s"):
        asyncio.run(guard.answer(Request(Task("t"), (Message("user", "Go"),))))


def test_the_world_of_a_task_is_that_of_its_suite() -> None:
    first: list[str] = []

    def looks(view: View) -> Action | None:
        first.append(view.observation)
        return None

    for seed in (6, 7):
        assert ask(looks, Task("t", seed=seed)).text == ""
    assert [line.splitlines()[0] for line in first] == [
        "The counter shows 0.",
        "The counter shows -1.",
    ]


def test_an_agent_is_named_in_a_pool_file(tmp_path: Path) -> None:
    from agentrl.orchestrator.pool import build_pool
    from agentrl.suite.pool_file import read_pool

    (tmp_path / "pool.yaml").write_text(
        "workers:\n  counter:\n    kind: agent\n    agent: {kind: expert}\n"
        f"    env: {{id: '{COUNTER_ID}', options: {{target: 2}}}}\n"
    )
    pool = build_pool(read_pool(tmp_path / "pool.yaml"))

    answer = asyncio.run(
        pool["counter"].answer(Request(Task("t", seed=0), (Message("user", "x"),)))
    )
    assert answer.text == "up"

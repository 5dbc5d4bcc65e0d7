import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrl.agents.base import Action, View
from agentrl.codec import dump_episode, load_episode
from agentrl.envs.base import Step
from agentrl.episode import Call, Episode, Generation, Sampling, Status, StopReason
from agentrl.errors import ContextFullError, ModelError, TaskError
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job
from agentrl.rollout.lane import Lane
from agentrl.rollout.world import World
from agentrl.suite.spec import LimitsSpec
from agentrl.task import Task
from agentrl.testing.agents import FunctionAgent, Policy
from agentrl.testing.worlds import CounterEnv


def up(view: View) -> Action:
    return Action("up")


async def forever(view: View) -> Action:
    await asyncio.sleep(3600)
    raise AssertionError("it was waited for")


def make(policy: Policy, data: Mapping[str, Any] | None = None, **limits: float) -> Attempt:
    agent = FunctionAgent(policy)
    job = Job("t#0", Task("t", group="counting", data=data or {}), seed=4, agent_seed=5)
    world = World("Counter", lambda: CounterEnv(target=3), agent.needs)
    return Attempt(job, world, agent, Lane("test"), LimitsSpec.model_validate(limits))


def play(policy: Policy, data: Mapping[str, Any] | None = None, **limits: float) -> Episode:
    async def main() -> Episode:
        return await make(policy, data, **limits).play()

    return asyncio.run(main())


def test_an_episode_records_what_was_seen_done_and_stated() -> None:
    episode = play(up)

    assert (episode.status, episode.stop_reason) == (Status.OK, StopReason.TERMINATED)
    assert [turn.observation for turn in episode.turns] == [
        "The counter shows 0.",
        "The counter shows 1.",
        "The counter shows 2.",
    ]
    assert [turn.action for turn in episode.turns] == ["up"] * 3
    assert episode.turns[0].signals == {"format_ok": 1.0, "rise": 1.0}
    assert [turn.env_reward for turn in episode.turns] == [0.0, 0.0, 1.0]
    assert episode.final_observation == "The counter shows 3."
    assert episode.outcome == {"success": 1.0, "score": 1.0}
    assert (episode.id, episode.task_group, episode.seed) == ("t#0", "counting", 4)


def test_a_turn_limit_truncates_and_scores_what_there_is() -> None:
    episode = play(up, max_turns=2)

    assert (episode.status, episode.stop_reason) == (Status.TRUNCATED, StopReason.MAX_TURNS)
    assert episode.outcome == {"success": 0.0, "score": pytest.approx(2 / 3)}


def test_without_a_limit_the_environments_advice_holds() -> None:
    episode = play(lambda view: Action("down"))

    assert len(episode.turns) == CounterEnv.max_turns


def test_an_answer_without_an_action_costs_a_turn_and_is_told_what_was_wrong() -> None:
    def policy(view: View) -> Action:
        if view.observation.startswith("Say"):
            return Action("up")
        return Action("hmm", signals={"format_ok": 0.0}, refusal="Say up or down.")

    episode = play(policy, max_turns=2)

    assert episode.turns[0].signals == {"format_ok": 0.0}
    assert episode.turns[1].observation == "Say up or down."
    assert episode.final_observation == "The counter shows 1."


def test_after_a_refusal_the_agent_still_sees_what_it_may_do() -> None:
    seen: list[View] = []

    def policy(view: View) -> Action:
        seen.append(view)
        return Action("hmm", refusal="no")

    play(policy, max_turns=2)

    assert seen[1] == View("no", ("up", "down"), "up")


def test_an_agent_with_nothing_to_offer_ends_the_episode() -> None:
    episode = play(lambda view: None)

    assert (episode.status, episode.stop_reason) == (Status.OK, StopReason.AGENT_GAVE_UP)
    assert episode.outcome["success"] == 0.0


def test_a_full_context_truncates() -> None:
    def policy(view: View) -> Action:
        raise ContextFullError("9000 tokens")

    episode = play(policy)

    assert (episode.status, episode.stop_reason) == (Status.TRUNCATED, StopReason.CONTEXT_FULL)


def test_a_world_that_breaks_is_an_infrastructure_failure_with_the_turns_so_far() -> None:
    episode = play(up, {"crash_at": 2})

    assert episode.status is Status.INFRA_FAILED
    assert episode.error is not None
    assert episode.error.kind == "EnvError"
    assert "step of Counter: RuntimeError: the counter broke" in episode.error.message
    assert len(episode.turns) == 2
    assert episode.outcome == {}


def test_a_model_that_fails_is_an_infrastructure_failure() -> None:
    def policy(view: View) -> Action:
        raise ModelError("503")

    episode = play(policy)

    assert episode.status is Status.INFRA_FAILED
    assert episode.error is not None
    assert episode.error.kind == "ModelError"


def test_a_bug_in_an_agent_is_an_infrastructure_failure_too() -> None:
    def policy(view: View) -> Action:
        raise KeyError("bug")

    episode = play(policy)

    assert episode.error is not None
    assert "agent function: KeyError" in episode.error.message


def test_an_outcome_that_cannot_be_determined_leaves_the_episode_unscored() -> None:
    episode = play(up, {"unscored": True})

    assert episode.status is Status.UNSCORED
    assert episode.outcome == {}


def test_a_task_that_cannot_be_used_concerns_the_whole_run() -> None:
    def policy(view: View) -> Action:
        raise TaskError("no question")

    with pytest.raises(TaskError, match="no question"):
        play(policy)


def test_a_world_that_hangs_is_left_behind_at_the_deadline() -> None:
    async def main() -> tuple[Episode, bool]:
        attempt = make(up, {"hang_at": 1}, turn_s=0.2)
        attempt.close_s = 0.2
        return await attempt.play(), attempt.stuck

    episode, stuck = asyncio.run(main())

    assert stuck
    assert episode.status is Status.INFRA_FAILED
    assert episode.error is not None
    assert "step of the environment took longer than limits.turn_s = 0.2 s" in episode.error.message


def test_an_agent_that_hangs_is_an_infrastructure_failure() -> None:
    episode = play(forever, turn_s=0.2)

    assert episode.error is not None
    assert "action of the agent took longer than limits.turn_s" in episode.error.message


def test_the_episodes_own_time_limit_truncates() -> None:
    episode = play(forever, episode_s=0.2, turn_s=100)

    assert (episode.status, episode.stop_reason) == (Status.TRUNCATED, StopReason.DEADLINE)
    assert episode.outcome["success"] == 0.0


def test_a_cancelled_episode_is_recorded_as_such() -> None:
    async def main() -> Episode:
        task = asyncio.create_task(make(forever).play())
        await asyncio.sleep(0.1)
        task.cancel()
        return await task

    episode = asyncio.run(main())

    assert (episode.status, episode.stop_reason) == (Status.CANCELLED, StopReason.CANCELLED)


def test_trouble_that_strikes_once_leaves_the_next_attempt_alone(tmp_path: Path) -> None:
    data = {"crash_at": 0, "once": str(tmp_path / "struck")}

    assert [play(up, data).status for _ in range(2)] == [Status.INFRA_FAILED, Status.OK]


class Consulting(CounterEnv):
    """Asks a worker on every turn."""

    def act(self, action: str) -> Step:
        answer = Generation("up", "stop", "w", Sampling(), cost_usd=0.25)
        return replace(super().act(action), calls=(Call("a", "w", (("user", "?"),), answer),))


def test_what_workers_did_and_cost_is_part_of_the_record() -> None:
    async def main() -> Episode:
        agent = FunctionAgent(up)
        job = Job("t#0", Task("t"), seed=4, agent_seed=5)
        world = World("Consulting", lambda: Consulting(target=3), agent.needs)
        return await Attempt(job, world, agent, Lane("test"), LimitsSpec()).play()

    episode = asyncio.run(main())

    assert [call.worker for turn in episode.turns for call in turn.calls] == ["w"] * 3
    assert episode.cost_usd == 0.75
    assert load_episode(dump_episode(episode)) == episode

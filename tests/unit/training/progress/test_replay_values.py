"""Values by replay and search by a scorer, in a real maze."""

import asyncio
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest

from agentrl.agents.base import Action, View
from agentrl.agents.simple import ExpertAgent, ExpertSession, RandomAgent
from agentrl.envs.build import build_env
from agentrl.episode import Episode, Generation, Sampling
from agentrl.errors import ModelError, UnscoredError
from agentrl.models.scorers.base import Values
from agentrl.rewards.progress.convert import difference
from agentrl.rewards.progress.labeler import build as build_label
from agentrl.rewards.progress.text import TextScorer
from agentrl.rollout.attempt import Attempt
from agentrl.rollout.job import Job
from agentrl.rollout.lane import Lane
from agentrl.rollout.world import World
from agentrl.suite.reward.progress import ProgressLabelSpec
from agentrl.suite.spec import EnvSpec, LimitsSpec
from agentrl.task import Task
from agentrl.testing.agents import FunctionAgent
from agentrl.training.progress.monte_carlo import MonteCarlo
from agentrl.training.progress.replay import replayed
from agentrl.training.progress.search import guided_search

TASK = Task("maze", seed=3)
BUILD = partial(build_env, EnvSpec(id="agentrl/Maze-v0", options={"size": 5}))


def walked(agent: ExpertAgent | RandomAgent) -> Episode:
    async def main() -> Episode:
        world = World("maze", BUILD, agent.needs)
        job = Job("e", TASK, seed=3, agent_seed=1)
        return await Attempt(job, world, agent, Lane("t"), LimitsSpec(max_turns=10)).play()

    return asyncio.run(main())


def test_a_replay_ends_where_the_episode_was() -> None:
    episode = walked(RandomAgent())

    place = replayed(BUILD, TASK, episode, 4)

    assert place.view.observation == episode.turns[4].observation
    place.env.close()


def test_a_world_that_does_not_repeat_itself_is_found_out() -> None:
    episode = walked(RandomAgent())
    turns = (episode.turns[0], replace(episode.turns[1], observation="elsewhere"))

    with pytest.raises(UnscoredError, match="cannot be played again: before turn 2"):
        replayed(BUILD, TASK, replace(episode, turns=turns), 2)


def test_an_answer_without_an_action_is_passed_over_as_it_was_then() -> None:
    played = walked(RandomAgent())
    first, second = played.turns[:2]
    said = Generation("north, I think", "stop", "m", Sampling())
    refused = replace(first, action=said.text, generations=(said,), signals={"format_ok": 0.0})
    again = replace(first, observation="I find no action in that.")
    episode = replace(played, turns=(refused, again, second))

    with closing(replayed(BUILD, TASK, episode, 2).env) as env:
        assert env.render() == second.observation


def test_an_outcome_that_nobody_states_is_no_zero() -> None:
    source = MonteCarlo(BUILD, [TASK], RandomAgent(), rollouts=1, outcome="bravery")

    (found,) = asyncio.run(source.values([walked(RandomAgent())]))

    assert isinstance(found, UnscoredError)
    assert "not 'bravery'" in str(found)


def test_a_rollout_whose_agent_fails_leaves_the_episode_without_values() -> None:
    def fail(_: View) -> Action:
        raise ModelError("the server is gone")

    source = MonteCarlo(BUILD, [TASK], FunctionAgent(fail), rollouts=1)

    (found,) = asyncio.run(source.values([walked(RandomAgent())]))

    assert isinstance(found, UnscoredError)
    assert "the server is gone" in str(found)


def test_the_value_is_the_share_of_rollouts_that_succeed() -> None:
    episode = walked(ExpertAgent())
    flips = iter([True, False, False, True] * len(episode.turns))

    class Sometimes(ExpertAgent):
        """Follows the expert in every other session, and gives up in the others."""

        def session(self, episode_id: str, instructions: str, seed: int) -> ExpertSession:
            return super().session(episode_id, instructions, seed) if next(flips) else GivesUp()

    (values,) = asyncio.run(MonteCarlo(BUILD, [TASK], Sometimes(), rollouts=4).values([episode]))

    assert values == (*[0.5] * len(episode.turns), 1.0)


class GivesUp(ExpertSession):
    """Does nothing."""

    async def act(self, view: View) -> Action | None:
        return None


def test_with_an_expert_every_prefix_is_worth_a_success() -> None:
    episode = walked(ExpertAgent())
    source = MonteCarlo(BUILD, [TASK], ExpertAgent(), rollouts=1, max_turns=40)

    (values,) = asyncio.run(source.values([episode]))

    assert values == (1.0,) * (len(episode.turns) + 1)


def test_with_chance_the_value_rises_on_the_way_to_the_goal() -> None:
    episode = walked(ExpertAgent())
    source = MonteCarlo(BUILD, [TASK], RandomAgent(), rollouts=12, max_turns=12)

    (values,) = asyncio.run(source.values([episode]))

    assert isinstance(values, tuple)
    assert values[-1] == 1.0
    assert values[0] < values[-2] <= 1.0
    assert sum(difference(values)) == pytest.approx(1.0 - values[0])


def test_an_episode_that_cannot_be_played_again_is_unscored_by_its_label() -> None:
    episode = walked(RandomAgent())
    changed = replace(episode, turns=(replace(episode.turns[0], observation="elsewhere"),))
    source = MonteCarlo(BUILD, [TASK], RandomAgent(), rollouts=1)
    label = build_label("v", ProgressLabelSpec(kind="progress", update=True), source)

    (one,) = asyncio.run(label.label([changed]))

    assert str(one.status) == "unscored"


class TowardsTheGoal(TextScorer):
    """Values an attempt by the progress that its turns state: a scorer that knows."""

    def score(self, episode: Episode) -> Values:
        gained, values = 0.0, [0.0]
        for turn in episode.turns:
            gained += turn.signals.get("progress", 0.0)
            values.append(gained)
        return tuple(values)


def test_a_search_that_a_good_scorer_guides_finds_the_goal() -> None:
    found = guided_search(BUILD, TASK, 3, TowardsTheGoal(), beam=2, depth=20)

    assert found.outcome["success"] == 1.0
    assert len(found.turns) == found.outcome["shortest"]

"""Values by replay and search by a scorer, in a real maze."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from agentrl.agents.simple import ExpertAgent, RandomAgent
from agentrl.envs.build import build_env
from agentrl.episode import Episode
from agentrl.errors import UnscoredError
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

"""Playing the beginning of an episode again."""

from contextlib import closing
from dataclasses import replace

import pytest

from agentrl.agents.simple import ExpertAgent, RandomAgent
from agentrl.envs.base import TextEnv
from agentrl.episode import Episode, Generation, Sampling
from agentrl.errors import UnscoredError
from agentrl.rollout.prefix import Prefix
from tests.unit.rollout.walks import BUILD, TASK, walked


def again(env: TextEnv, episode: Episode, turns: int) -> str:
    observation, _ = env.reset(seed=episode.seed, options={"task": TASK})
    return Prefix.of(episode, turns).play_again(env, observation)


@pytest.mark.parametrize("turns", [0, 1, 4])
def test_a_prefix_ends_where_the_episode_was(turns: int) -> None:
    episode = walked(RandomAgent())

    with closing(BUILD()) as env:
        assert again(env, episode, turns) == episode.turns[turns].observation


def test_a_world_that_does_not_repeat_itself_is_found_out() -> None:
    episode = walked(RandomAgent())
    turns = (episode.turns[0], replace(episode.turns[1], observation="elsewhere"))

    with (
        closing(BUILD()) as env,
        pytest.raises(UnscoredError, match="cannot be played again: before turn 2"),
    ):
        again(env, replace(episode, turns=turns), 2)


def test_a_world_that_ends_where_it_went_on_is_found_out() -> None:
    episode = walked(ExpertAgent())

    with closing(BUILD()) as env, pytest.raises(UnscoredError, match="ends after turn"):
        again(env, episode, len(episode.turns))


def test_an_answer_without_an_action_is_passed_over_as_it_was_then() -> None:
    played = walked(RandomAgent())
    first, second = played.turns[:2]
    said = Generation("north, I think", "stop", "m", Sampling())
    refused = replace(first, action=said.text, generations=(said,), signals={"format_ok": 0.0})
    retried = replace(first, observation="I find no action in that.")
    episode = replace(played, turns=(refused, retried, second))

    with closing(BUILD()) as env:
        again(env, episode, 2)
        assert env.render() == second.observation

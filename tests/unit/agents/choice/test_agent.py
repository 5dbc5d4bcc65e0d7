"""An agent that follows a choice policy."""

import asyncio
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from agentrl.agents.base import Action, View
from agentrl.agents.build import build_agent
from agentrl.agents.choice.agent import ChoiceAgent
from agentrl.agents.choice.build import build_policy
from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import ChoicePolicy
from agentrl.agents.tokens import token_sequences
from agentrl.envs.base import Choices
from agentrl.envs.text.maze import MazeEnv
from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import UsageError
from agentrl.orchestrator.choice import ChoiceEnv
from agentrl.orchestrator.conductor import ConductorEnv
from agentrl.suite.agent import AgentSpec, ChoiceSpec

SCALE = 2.0


def likes_the_first_fact(version: int = 0) -> ChoicePolicy:
    """Return a policy whose scores are about the fact itself."""
    small, nothing, large = (np.full(1, value, np.float32) for value in (0.01, 0, 100))
    return ChoicePolicy(Layout(("good",)), small.reshape(1, 1), nothing, large, version)


def view(*good: float) -> View:
    names = tuple(f"do {number}" for number in range(len(good)))
    return View("now", choices=Choices("now", names, names, tuple((one,) for one in good)))


def act(agent: ChoiceAgent, *views: View, seed: int = 0) -> list[Action]:
    session = agent.session("e", "", seed)
    actions = [asyncio.run(session.act(one)) for one in views]
    assert None not in actions
    return [action for action in actions if action is not None]


def playing(policy: ChoicePolicy, temperature: float = 1.0, **more: Any) -> ChoiceAgent:
    return ChoiceAgent(lambda _: policy, temperature, **more)


def test_without_chance_the_highest_score_is_taken() -> None:
    agent = playing(likes_the_first_fact(), 0.0)

    assert [a.text for a in act(agent, view(0, 2, 1), view(3, 2))] == ["do 1", "do 0"]


def test_with_chance_actions_come_as_often_as_they_are_likely() -> None:
    """Scores 0 and log 3 at temperature 1: a quarter and three quarters."""
    agent = playing(likes_the_first_fact())
    counts: Counter[str] = Counter()
    for seed in range(400):
        counts[act(agent, view(0.0, math.log(3)), seed=seed)[0].text] += 1

    assert counts["do 1"] / 400 == pytest.approx(0.75, abs=0.07)


def test_the_same_seed_draws_the_same() -> None:
    agent, views = playing(likes_the_first_fact()), [view(0, 0, 0)] * 20

    first, again, other = (act(agent, *views, seed=seed) for seed in (1, 1, 2))

    assert [a.text for a in first] == [a.text for a in again] != [a.text for a in other]


def test_a_choice_is_recorded_as_an_answer_of_one_token() -> None:
    actions = act(playing(likes_the_first_fact(version=5), SCALE), view(0, 1), view(1, 0, 0))

    (one,), (two,) = (action.generations for action in actions)
    assert (one.text, one.weights_version) == (actions[0].text, 5)
    assert (one.prompt_token_ids, one.allowed) == ((2,), ((0, 1),))
    taken = one.token_ids
    assert taken is not None
    assert one.logprobs is not None
    assert two.prompt_token_ids == (2, *taken, 3)
    scores = np.array([0, 1]) / SCALE
    likely = np.exp(scores) / np.exp(scores).sum()
    assert one.logprobs[0] == pytest.approx(math.log(likely[taken[0]]), abs=1e-3)


def test_an_episode_is_one_sequence_of_tokens_for_the_trainer() -> None:
    actions = act(playing(likes_the_first_fact()), view(0, 1), view(1, 0, 0))
    turns = tuple(Turn("", action.text, action.generations) for action in actions)
    episode = Episode("e", "t", "g", 0, "choice", Status.OK, StopReason.TERMINATED, turns)

    (sequence,) = token_sequences(episode)

    assert sequence.sampled == (False, True, False, True)
    assert sequence.turns == (0, 0, 1, 1)


def test_each_decision_is_told_to_whoever_learns_from_it() -> None:
    told: list[tuple[str, int, list[list[float]]]] = []

    def note(episode: str, turn: int, rows: Any) -> None:
        told.append((episode, turn, rows.tolist()))

    act(playing(likes_the_first_fact(), note=note), view(0, 1), view(2, 0))

    assert told == [("e", 0, [[0.0], [1.0]]), ("e", 1, [[2.0], [0.0]])]


def test_where_no_action_is_left_it_gives_up() -> None:
    session = playing(likes_the_first_fact()).session("e", "", 0)

    assert asyncio.run(session.act(view())) is None


def test_an_environment_that_lists_nothing_is_told_at_once_or_when_it_shows() -> None:
    with pytest.raises(UsageError, match="ConductorEnv lists none; take an environment that does"):
        build_policy(ChoiceSpec(), ConductorEnv)
    with pytest.raises(UsageError, match="lists none here"):
        asyncio.run(playing(likes_the_first_fact()).session("e", "", 0).act(View("now")))


def test_one_from_nothing_plays_any_environment_that_lists_actions() -> None:
    known = build_policy(ChoiceSpec(), ChoiceEnv)
    plain = build_policy(ChoiceSpec(), MazeEnv)

    assert known.layout == Layout(ChoiceEnv.choice_facts, 32, 32)
    assert plain.layout == Layout((), 32, 32)


def test_one_that_was_trained_on_other_facts_is_refused(tmp_path: Any) -> None:
    likes_the_first_fact().save(tmp_path)

    with pytest.raises(UsageError, match="ChoiceEnv does not tell good"):
        build_policy(ChoiceSpec(checkpoint=str(tmp_path)), ChoiceEnv)


def test_a_suite_has_it_built() -> None:
    agent = build_agent(AgentSpec.model_validate({"kind": "choice"}), None, MazeEnv)

    assert (agent.name, type(agent)) == ("choice", ChoiceAgent)

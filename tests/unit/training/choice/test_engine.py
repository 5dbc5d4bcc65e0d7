"""What plays while a choice policy learns."""

import asyncio

import numpy as np
import pytest

from agentrl.agents.base import View
from agentrl.agents.choice.layout import Layout
from agentrl.agents.choice.policy import ChoicePolicy, scratch_policy
from agentrl.envs.base import Choices
from agentrl.errors import SyncError
from agentrl.suite.agent import AgentSpec
from agentrl.training.choice.engine import ChoiceEngine
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.collect import number_in_group

LAYOUT = Layout(("good",))
GREEDY = AgentSpec.model_validate({"kind": "choice", "sampling": {"temperature": 0}})
VIEW = View("now", choices=Choices("now", ("bad", "good"), ("", ""), ((-1.0,), (1.0,))))


def judging(sign: float) -> ChoicePolicy:
    """Return a policy that likes what is good, or what is bad."""
    one = np.ones((1, 1), np.float32)
    return ChoicePolicy(LAYOUT, one, one[0] * 0, one[0] * sign)


def choice(engine: ChoiceEngine, episode: str = "1.0.0/t#0") -> str:
    action = asyncio.run(engine.agent(GREEDY).session(episode, "", 0).act(VIEW))
    assert action is not None
    return action.text


def test_it_plays_with_the_weights_of_the_last_sync() -> None:
    policy = LearningPolicy(judging(1.0))
    engine = ChoiceEngine(policy)
    policy.take(judging(-1.0))
    before = choice(engine)

    report = asyncio.run(engine.sync(policy, 3))

    assert (before, choice(engine)) == ("good", "bad")
    assert (report.version, policy.acting().version) == (3, 3)
    assert report.gap < 1e-6


def test_rivals_play_the_episodes_of_their_number_and_no_others() -> None:
    policy = LearningPolicy(judging(1.0))
    policy.rivals = [judging(1.0), judging(-1.0)]
    engine = ChoiceEngine(policy)

    episodes = ("7.0.2/t#0", "7.0.2/t#1", "7.0.2/t#3", "rl-7/t#1", "preflight/t#1")

    assert [choice(engine, name) for name in episodes] == ["good", "bad", "bad", "good", "good"]


def test_decisions_are_kept_until_they_have_been_learnt_from() -> None:
    policy = LearningPolicy(judging(1.0))
    engine = ChoiceEngine(policy)
    choice(engine)
    kept = policy.decisions.rows("1.0.0/t#0", 0).tolist()

    asyncio.run(engine.sync(policy, 1))

    assert kept == [[-1.0], [1.0]]
    assert len(policy.decisions) == 0


def test_weights_that_are_no_numbers_are_noticed() -> None:
    policy = LearningPolicy(scratch_policy(LAYOUT, 2))
    policy.take(policy.acting().with_flat(np.full(6, np.nan), 0))

    with pytest.raises(SyncError, match="a training that diverges"):
        asyncio.run(ChoiceEngine(policy).sync(policy, 1))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("12.0.3/a/b#c#15", 15),
        ("12.3/task\nof two lines#0", 0),
        ("3.0.1/t#greedy", None),
        ("step-12/1.0/t#1", None),
        ("base-0/t#2", None),
    ],
)
def test_only_episodes_of_a_step_have_a_number_in_a_group(name: str, number: int | None) -> None:
    assert number_in_group(name) == number

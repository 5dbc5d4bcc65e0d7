"""Values of prefixes by attempts that go on from them, in a real maze."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from agentrl.agents.base import Action, Agent, View
from agentrl.agents.simple import ExpertAgent, ExpertSession, RandomAgent
from agentrl.episode import Episode, Status
from agentrl.errors import ModelError, UnscoredError, UsageError
from agentrl.models.scorers.base import Values
from agentrl.rewards.build import build_labelers
from agentrl.rewards.progress.convert import difference
from agentrl.rewards.progress.labeler import ProgressLabeler
from agentrl.rollout.job import Job
from agentrl.rollout.values import RolloutValues, check_labels, plays_on
from agentrl.suite.reward.rollouts import RolloutsLabelSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.testing.agents import FunctionAgent
from tests.unit.rollout.walks import TASK, play, walked

EPISODE = walked(ExpertAgent())
FAILED = replace(EPISODE, status=Status.INFRA_FAILED)


def spec(**options: object) -> RolloutsLabelSpec:
    return RolloutsLabelSpec.model_validate({"kind": "rollouts", **options})


def valued(episode: Episode, agent: Agent, max_turns: int = 40, **options: object) -> Values:
    source = RolloutValues(partial(play, agent=agent, max_turns=max_turns), [TASK], spec(**options))
    (found,) = asyncio.run(source.values([episode]))
    if isinstance(found, UnscoredError):
        raise found
    return found


def test_the_value_is_the_share_of_attempts_that_succeed() -> None:
    episode = walked(ExpertAgent())
    flips = iter([True, False, False, True] * len(episode.turns))

    class Sometimes(ExpertAgent):
        """Follows the expert in every other session, and gives up in the others."""

        def session(self, episode_id: str, instructions: str, seed: int) -> ExpertSession:
            return super().session(episode_id, instructions, seed) if next(flips) else GivesUp()

    values = valued(episode, Sometimes(), attempts=4)

    assert values == (*[0.5] * len(episode.turns), 1.0)


class GivesUp(ExpertSession):
    """Does nothing."""

    async def act(self, view: View) -> Action | None:
        return None


def test_with_an_expert_every_prefix_is_worth_a_success() -> None:
    episode = walked(ExpertAgent())

    assert valued(episode, ExpertAgent(), attempts=1) == (1.0,) * (len(episode.turns) + 1)


def test_with_chance_the_value_rises_on_the_way_to_the_goal() -> None:
    values = valued(walked(ExpertAgent()), RandomAgent(), max_turns=12, attempts=12)

    assert values[-1] == 1.0
    assert values[0] < values[-2] <= 1.0
    assert sum(difference(values)) == pytest.approx(1.0 - values[0])


def test_a_prefix_counts_towards_the_limit_of_turns() -> None:
    episode = walked(ExpertAgent())

    values = valued(episode, ExpertAgent(), max_turns=len(episode.turns) - 1, attempts=1)

    assert values == (*[0.0] * len(episode.turns), 1.0)


def test_between_two_valued_prefixes_the_value_stands_still() -> None:
    episode = walked(RandomAgent())

    values = valued(episode, RandomAgent(), max_turns=12, attempts=3, every=4)

    assert len(set(values[:4])) == len(set(values[4:8])) == 1
    assert values[-1] == episode.outcome["success"]


def test_an_outcome_that_nobody_states_is_no_zero() -> None:
    with pytest.raises(UnscoredError, match="not 'bravery'"):
        valued(walked(RandomAgent()), RandomAgent(), outcome="bravery")


def test_an_attempt_whose_agent_fails_leaves_the_episode_without_values() -> None:
    def fail(_: View) -> Action:
        raise ModelError("the server is gone")

    with pytest.raises(UnscoredError, match="the server is gone"):
        valued(walked(RandomAgent()), FunctionAgent(fail), attempts=1)


def test_where_one_attempt_fails_the_others_are_not_played_to_their_ends() -> None:
    ended: list[str] = []

    async def play_or_wait(job: Job) -> Episode:
        if job.key.endswith("/0.0"):
            return FAILED
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(job.key)
        raise AssertionError("nobody waits for this")

    async def main() -> None:
        source = RolloutValues(play_or_wait, [TASK], spec(attempts=2))
        (found,) = await source.values([EPISODE])
        assert isinstance(found, UnscoredError)
        assert len(ended) == 2 * len(EPISODE.turns) - 1

    asyncio.run(main())


def test_an_episode_of_another_suite_has_no_values() -> None:
    with pytest.raises(UnscoredError, match="'other' of 'e' is not known"):
        valued(replace(walked(RandomAgent()), task_id="other"), RandomAgent())


def test_an_episode_that_cannot_be_played_again_is_unscored_by_its_label() -> None:
    episode = walked(RandomAgent())
    changed = replace(episode, turns=(replace(episode.turns[0], observation="elsewhere"),))
    source = RolloutValues(partial(play, agent=RandomAgent()), [TASK], spec(attempts=1))

    (one,) = asyncio.run(ProgressLabeler("v", spec(), source).label([changed]))

    assert str(one.status) == "unscored"


def test_the_label_s_rewards_are_the_changes_of_value() -> None:
    source = RolloutValues(partial(play, agent=ExpertAgent(), max_turns=40), [TASK], spec())
    episode = walked(RandomAgent())

    (one,) = asyncio.run(ProgressLabeler("v", spec(), source).label([episode]))

    assert [turn.signals["v"] for turn in one.turns] == [0.0] * (len(one.turns) - 1) + [
        episode.outcome["success"] - 1.0
    ]


REWARD = {"labels": {"v": {"kind": "rollouts"}}, "terms": {"success": 1.0, "v": 1.0}}


def test_a_reward_tells_whether_it_asks_to_play_on() -> None:
    assert plays_on(RewardSpec.model_validate(REWARD))
    assert not plays_on(RewardSpec.model_validate({"terms": {"success": 1.0}}))


def test_labels_are_checked_without_playing() -> None:
    check_labels(RewardSpec.model_validate(REWARD), [TASK])


def test_where_nobody_plays_the_label_is_refused() -> None:
    with pytest.raises(UsageError, match="label 'v' plays on from the turns of an episode"):
        build_labelers(RewardSpec.model_validate(REWARD).labels)

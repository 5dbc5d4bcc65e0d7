"""Expert episodes in the policy's own tokens."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agentrl.agents.tokens import token_sequences
from agentrl.episode import Episode, Status, StopReason
from agentrl.models.chat import HFChatTokenizer, load_tokenizer
from agentrl.models.scratch import build_checkpoint
from agentrl.rollout.job import Job
from agentrl.rollout.local import LocalPlayer
from agentrl.suite.model import Scratch
from agentrl.suite.spec import SuiteSpec
from agentrl.task import Task
from agentrl.training.batch import make_batch
from agentrl.training.demonstration import EXPERT, DemonstrationAgent

Play = Callable[..., Episode]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> HFChatTokenizer:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    scratch = Scratch(hidden_size=32, layers=1, vocabulary=300)
    build_checkpoint(folder, ["The counter shows 1. up down"], scratch)
    return load_tokenizer(str(folder))


@pytest.fixture
def play(tokenizer: HFChatTokenizer) -> Play:
    def play(agent: dict[str, Any], window: int | None = None) -> Episode:
        spec = SuiteSpec.model_validate(
            {
                "name": "counter",
                "env": {"id": "agentrl.testing.worlds:agentrl-testing/Counter-v0"},
                "tasks": {"inline": [{"id": "a"}]},
                "agent": {"model": {"backend": "scripted", "answers": ["up"]}, **agent},
            }
        )
        demonstrator = DemonstrationAgent(spec.agent, tokenizer, window)

        async def run() -> Episode:
            player = LocalPlayer(spec, demonstrator)
            await player.start()
            try:
                return await player.play(Job("a#0", Task(id="a"), seed=0, agent_seed=0))
            finally:
                await player.close()

        return asyncio.run(run())

    return play


def test_an_expert_is_recorded_token_for_token(play: Play, tokenizer: HFChatTokenizer) -> None:
    episode = play({})
    assert episode.status is Status.OK
    assert episode.outcome["success"] == 1.0
    assert episode.agent == EXPERT
    (sequence,) = token_sequences(episode)
    sampled = [t for t, mine in zip(sequence.token_ids, sequence.sampled, strict=True) if mine]
    up = [*tokenizer.encode_plain("up"), tokenizer.end_of_turn_id]
    assert sampled == up * 3


def test_what_the_world_says_stands_between_as_the_policy_would_read_it(
    play: Play, tokenizer: HFChatTokenizer
) -> None:
    (sequence,) = token_sequences(play({}))
    text = tokenizer.decode(sequence.token_ids)
    assert [text.count(f"The counter shows {n}.") for n in range(4)] == [1, 1, 1, 0]


def test_a_constrained_policy_is_shown_which_choice_is_right(play: Play) -> None:
    (sequence,) = token_sequences(play({"constrain": True}))
    chosen = [
        (token, allowed)
        for token, allowed in zip(sequence.token_ids, sequence.allowed, strict=True)
        if allowed is not None
    ]
    assert chosen
    assert all(token in allowed for token, allowed in chosen)
    assert any(len(allowed) == 2 for _, allowed in chosen)


def test_the_action_is_written_in_the_form_that_the_policy_is_to_use(
    play: Play, tokenizer: HFChatTokenizer
) -> None:
    (sequence,) = token_sequences(play({"parser": "action_tag"}))
    assert "<action>up</action>" in tokenizer.decode(sequence.token_ids)


def test_a_demonstration_can_be_trained_on(play: Play) -> None:

    batch = make_batch([[play({})]])
    assert batch.trajectories[0].success
    assert len(batch.samples) == 1


def test_what_the_policy_could_not_say_in_its_context_is_cut_off(play: Play) -> None:
    episode = play({}, window=40)
    assert episode.status is Status.TRUNCATED
    assert episode.stop_reason is StopReason.CONTEXT_FULL


def test_an_action_longer_than_an_answer_may_be_is_no_demonstration(play: Play) -> None:
    episode = play({"sampling": {"max_tokens": 1}})
    assert episode.stop_reason is StopReason.CONTEXT_FULL
    assert not episode.turns

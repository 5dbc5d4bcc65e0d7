"""Episodes as training sequences."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.agents.tokens import token_sequences
from agentrl.codec import dump_episode, load_episode
from agentrl.episode import Episode, Generation, Sampling, Status, StopReason, Turn
from agentrl.errors import RecordError


def answered(prompt: tuple[int, ...], sampled: tuple[int, ...], model: str = "m") -> Generation:
    return Generation(
        text="",
        finish_reason="stop",
        model=model,
        sampling=Sampling(),
        token_ids=sampled,
        logprobs=tuple(-float(token) - 1 for token in sampled),
        prompt_token_ids=prompt,
    )


def episode(*generations: Generation) -> Episode:
    return Episode(
        id="e",
        task_id="t",
        group_id="t",
        seed=0,
        agent="m",
        status=Status.OK,
        stop_reason=StopReason.TERMINATED,
        turns=tuple(Turn("", "", (generation,)) for generation in generations),
    )


IDS = st.lists(st.integers(0, 3), max_size=4).map(tuple)


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    """Episodes whose prompts continue the one before, or not, with few ids so that they clash."""
    turns: list[Turn] = []
    seen: tuple[int, ...] = ()
    for kept in draw(st.lists(st.booleans(), max_size=6)):
        prompt = (seen if kept else ()) + draw(IDS)
        generation = answered(prompt, draw(IDS), draw(st.sampled_from("mmmn")))
        seen = prompt + (generation.token_ids or ())
        if draw(st.booleans()) or not turns:
            turns.append(Turn("", "", (generation,)))
        else:
            turns[-1] = replace(turns[-1], generations=(*turns[-1].generations, generation))
    return replace(episode(), turns=tuple(turns))


@given(episodes())
def test_no_sampled_token_is_lost_doubled_or_moved(record: Episode) -> None:
    sequences = token_sequences(record)
    sampled = [
        (token, logprob, turn)
        for sequence in sequences
        for token, is_sampled, logprob, turn in zip(
            sequence.token_ids, sequence.sampled, sequence.logprobs, sequence.turns, strict=True
        )
        if is_sampled
    ]
    recorded = [
        (token, logprob, index)
        for index, turn in enumerate(record.turns)
        for generation in turn.generations
        for token, logprob in zip(
            generation.token_ids or (), generation.logprobs or (), strict=True
        )
    ]
    assert sampled == recorded


@given(episodes())
def test_every_sampled_token_follows_the_prompt_that_was_recorded(record: Episode) -> None:
    generations = [g for turn in record.turns for g in turn.generations]
    told = {(g.prompt_token_ids or ()) + (g.token_ids or ()) for g in generations}
    for sequence in token_sequences(record):
        assert sequence.token_ids in told
        assert not any(
            logprob
            for logprob, sampled in zip(sequence.logprobs, sequence.sampled, strict=True)
            if not sampled
        )
        assert len(sequence.allowed) == len(sequence.token_ids)


@given(episodes())
def test_a_written_and_read_episode_gives_the_same_sequences(record: Episode) -> None:
    assert token_sequences(load_episode(dump_episode(record))) == token_sequences(record)


def test_turns_that_continue_each_other_are_one_sequence() -> None:
    (sequence,) = token_sequences(episode(answered((1, 2), (3,)), answered((1, 2, 3, 4), (5, 6))))
    assert sequence.token_ids == (1, 2, 3, 4, 5, 6)
    assert sequence.sampled == (False, False, True, False, True, True)
    assert sequence.logprobs == (0.0, 0.0, -4.0, 0.0, -6.0, -7.0)
    assert sequence.turns == (0, 0, 0, 1, 1, 1)


def test_a_prompt_that_was_rewritten_begins_a_new_sequence() -> None:
    first, second = token_sequences(episode(answered((1, 2), (3,)), answered((1, 4), (5,))))
    assert (first.token_ids, second.token_ids) == ((1, 2, 3), (1, 4, 5))
    assert second.turns == (1, 1, 1)


def test_answers_of_two_models_never_share_a_sequence() -> None:
    generations = answered((1,), (2,), "m"), answered((1, 2), (3,), "n")
    assert len(token_sequences(episode(*generations))) == 2


def test_the_allowed_tokens_stand_beside_the_token_they_were_for() -> None:
    constrained = replace(answered((1,), (2, 3)), allowed=((2, 7), None))
    (sequence,) = token_sequences(episode(constrained, answered((1, 2, 3), (4,))))
    assert sequence.allowed == (None, (2, 7), None, None)


def test_an_episode_without_generations_trains_nothing() -> None:
    assert token_sequences(replace(episode(), turns=(Turn("a", "b"),))) == ()


@pytest.mark.parametrize(
    "bare",
    [
        replace(answered((1,), (2,)), token_ids=None),
        replace(answered((1,), (2,)), prompt_token_ids=None),
        replace(answered((1,), (2,)), logprobs=None),
    ],
)
def test_an_answer_without_its_tokens_is_an_error(bare: Generation) -> None:
    with pytest.raises(RecordError, match="episode 'e', turn 1: the answer of model 'm' has no"):
        token_sequences(episode(answered((1,), (2,)), bare))


def test_a_record_with_missing_numbers_is_an_error() -> None:
    damaged = replace(answered((1,), (2, 3)), logprobs=(-1.0,))
    with pytest.raises(RecordError, match="2 sampled tokens with 1 log-probabilities and 2 sets"):
        token_sequences(episode(damaged))

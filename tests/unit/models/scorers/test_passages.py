"""How a language model reads an episode: the tokens that were recorded, or the chat template's."""

from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.episode import Episode, Generation, Sampling, Turn
from agentrl.errors import UnscoredError, UsageError
from agentrl.models.base import Message
from agentrl.models.chat import HFChatTokenizer, load_tokenizer
from agentrl.models.scorers.passages import Span, passages
from agentrl.models.scratch import scratch_checkpoint
from agentrl.suite.model import Scratch
from tests.unit.rewards.episodes import episode

pytest.importorskip("torch")

SMALL = Scratch(hidden_size=32, layers=1, vocabulary=300)


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    return scratch_checkpoint(["look", "go north", "take the key", "room 1"], SMALL)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> HFChatTokenizer:
    return load_tokenizer(str(checkpoint))


def recorded(*answers: tuple[tuple[int, ...], tuple[int, ...], str]) -> Episode:
    """Return an episode with a turn for each prompt, answer and text."""
    turns = tuple(
        Turn("room", text, (_said(prompt, answer, text),)) for prompt, answer, text in answers
    )
    return replace(episode("e", success=1.0), turns=turns)


def _said(prompt: tuple[int, ...], answer: tuple[int, ...], text: str) -> Generation:
    ids = {"token_ids": answer, "prompt_token_ids": prompt}
    return Generation(text, "stop", "m", Sampling(), **ids)  # type: ignore[arg-type]


def test_recorded_tokens_are_read_as_they_are(tokenizer: HFChatTokenizer) -> None:
    look, north = tokenizer.encode_plain("look"), tokenizer.encode_plain("go north")
    prompt = (5, 6, 7)
    later = (*prompt, *look, 8, 9)

    (one,) = passages(recorded((prompt, look, "look"), (later, north, "go north")), tokenizer, 99)

    assert tuple(one.token_ids) == (*later, *north)
    first = Span(0, 3, 3 + len(look))
    assert one.spans == [first, Span(1, len(later), len(later) + len(north))]


def test_a_prompt_that_does_not_go_on_begins_another_passage(tokenizer: HFChatTokenizer) -> None:
    look = tokenizer.encode_plain("look")

    found = passages(recorded(((5, 6), look, "look"), ((7,), look, "look")), tokenizer, 99)

    assert [tuple(one.token_ids) for one in found] == [(5, 6, *look), (7, *look)]
    assert [one.spans[0].turn for one in found] == [0, 1]


def test_tokens_that_spell_something_else_are_of_another_family(
    tokenizer: HFChatTokenizer,
) -> None:
    strange = recorded(((5,), tokenizer.encode_plain("take the key"), "look"))
    beyond = recorded(((5,), (10**6,), "look"))

    for one in (strange, beyond):
        with pytest.raises(UsageError, match="another model family"):
            passages(one, tokenizer, 99)


def test_an_episode_without_tokens_is_written_by_the_chat_template(
    tokenizer: HFChatTokenizer,
) -> None:
    turns = (Turn("room 1", "look"), Turn("room 2", "go north"))
    chat = [
        Message("user", "room 1"),
        Message("assistant", "look"),
        Message("user", "room 2"),
        Message("assistant", "go north"),
    ]

    (one,) = passages(replace(episode("e"), turns=turns), tokenizer, 999)

    whole = tokenizer.encode(tokenizer.render(chat, generation_prompt=False))
    assert tuple(one.token_ids) == whole[: len(one.token_ids)]
    said = [tokenizer.decode(one.token_ids[s.start : s.stop]) for s in one.spans]
    assert said == ["look", "go north"]
    assert one.token_ids[one.spans[-1].stop - 1] == tokenizer.end_of_turn_id


def test_what_is_too_long_to_be_read_is_not_scored(tokenizer: HFChatTokenizer) -> None:
    with pytest.raises(UnscoredError, match="raise its max_tokens"):
        passages(replace(episode("e"), turns=(Turn("room 1", "look"),)), tokenizer, 4)

"""The exact tokens of a conversation, with a tokenizer small enough to check by eye."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from agentrl.agents.conversation import Conversation
from agentrl.episode import Generation, Sampling
from agentrl.errors import ContextFullError
from agentrl.models.base import ChatTokenizer, Message

END, USER, BOT, SYSTEM, GO = 1, 2, 3, 4, 5
SPELLING = {END: "<end>", USER: "<user>", BOT: "<bot>", SYSTEM: "<system>", GO: "go"}
TOKEN = re.compile("|".join([*SPELLING.values(), "(?s:.)"]))
IDS = {text: token for token, text in SPELLING.items()}


def keep(content: str) -> str:
    return content


def forget_thoughts(content: str) -> str:
    return content.rpartition("</think>")[2]


@dataclass(frozen=True)
class Letters:
    """One token a character, but ``go`` is one token, as are the marks of roles and turns."""

    earlier: Callable[[str], str] = keep
    """What the template makes of an answer once it is history."""
    before_end: str = ""
    """What the template puts between an answer and its end."""
    end_of_turn_ids: frozenset[int] = frozenset({END})

    def render(self, messages: Sequence[Message], *, generation_prompt: bool) -> str:
        text = "".join(self._one(message) for message in messages)
        return text + "<bot>" if generation_prompt else text

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(IDS.get(token, ord(token[0])) for token in TOKEN.findall(text))

    def decode(self, token_ids: Sequence[int]) -> str:
        return "".join(
            chr(token) if token > GO else "go" if token == GO else "" for token in token_ids
        )

    def _one(self, message: Message) -> str:
        if message.role == "assistant":
            return f"<bot>{self.earlier(message.content)}{self.before_end}<end>"
        return f"<{message.role}>{message.content}<end>"


@dataclass(frozen=True)
class Backend:
    tokenizer: ChatTokenizer | None = Letters()
    context_window: int | None = None


def say(
    conversation: Conversation,
    sampled: Sequence[int] | None,
    *,
    text: str | None = None,
    given: tuple[int, ...] | None = None,
) -> tuple[int, ...] | None:
    """Let the model answer; return the prompt that it answered."""
    prompt = conversation.prompt(room=1)
    generation = Generation(
        text=Letters().decode(sampled or ()) if text is None else text,
        finish_reason="stop",
        model="m",
        sampling=Sampling(),
        token_ids=None if sampled is None else tuple(sampled),
        prompt_token_ids=given,
    )
    conversation.answer(prompt, generation)
    return prompt.token_ids


def chars(text: str) -> list[int]:
    return [ord(character) for character in text]


def test_the_first_prompt_is_the_rendered_chat() -> None:
    conversation = Conversation("rules", Backend())
    conversation.observe("hi")
    assert conversation.prompt(room=1).token_ids == (
        SYSTEM, *chars("rules"), END, USER, *chars("hi"), END, BOT,
    )  # fmt: skip


def test_the_next_prompt_continues_the_tokens_and_ends_the_turn_once() -> None:
    conversation = Conversation("", Backend())
    conversation.observe("a")
    first = say(conversation, [ord("x"), END])
    conversation.observe("b")
    assert first == (USER, ord("a"), END, BOT)
    assert conversation.prompt(room=1).token_ids == (
        *first, ord("x"), END, USER, ord("b"), END, BOT,
    )  # fmt: skip


def test_an_answer_that_was_cut_gets_its_end_of_turn_from_the_bridge() -> None:
    conversation = Conversation("", Backend())
    conversation.observe("a")
    first = say(conversation, [ord("x")])
    conversation.observe("b")
    assert first is not None
    assert conversation.prompt(room=1).token_ids == (
        *first, ord("x"), END, USER, ord("b"), END, BOT,
    )  # fmt: skip


def test_what_was_sampled_is_never_tokenised_again() -> None:
    spelled_out = [ord("g"), ord("o")]
    assert Letters().encode(Letters().decode(spelled_out)) == (GO,)
    conversation = Conversation("", Backend())
    conversation.observe("a")
    first = say(conversation, [*spelled_out, END])
    conversation.observe("b")
    second = conversation.prompt(room=1).token_ids
    assert first is not None
    assert second is not None
    assert second[len(first) : len(first) + 3] == (*spelled_out, END)


def test_white_space_that_the_template_trims_stays_as_it_was_sampled() -> None:
    conversation = Conversation("", Backend(Letters(earlier=str.strip)))
    conversation.observe("a")
    first = say(conversation, [*chars("\n x \n"), END])
    conversation.observe("b")
    assert first is not None
    assert conversation.prompt(room=1).token_ids == (
        *first, *chars("\n x \n"), END, USER, ord("b"), END, BOT,
    )  # fmt: skip


def test_white_space_that_the_template_adds_was_not_sampled() -> None:
    conversation = Conversation("", Backend(Letters(earlier=" {}".format)))
    conversation.observe("a")
    first = say(conversation, [ord("x"), END])
    conversation.observe("b")
    assert first is not None
    assert conversation.prompt(room=1).token_ids == (
        *first, ord("x"), END, USER, ord("b"), END, BOT,
    )  # fmt: skip


def test_the_end_of_turn_is_found_behind_the_templates_white_space() -> None:
    conversation = Conversation("", Backend(Letters(before_end="\n")))
    conversation.observe("a")
    say(conversation, [ord("x"), END])
    conversation.observe("b")
    assert (conversation.prompt(room=1).token_ids or ())[-5:] == (END, USER, ord("b"), END, BOT)
    assert ord("\n") not in (conversation.prompt(room=1).token_ids or ())


def test_a_template_that_rewrites_answers_gets_a_whole_new_prompt() -> None:
    tokenizer = Letters(earlier=forget_thoughts)
    conversation = Conversation("", Backend(tokenizer))
    conversation.observe("a")
    say(conversation, [*chars("<think>hm</think>x"), END])
    conversation.observe("b")
    expected = tokenizer.encode("<user>a<end><bot>x<end><user>b<end><bot>")
    assert conversation.prompt(room=1).token_ids == expected


def test_an_empty_answer_is_an_answer() -> None:
    conversation = Conversation("", Backend())
    conversation.observe("a")
    first = say(conversation, [END])
    conversation.observe("b")
    assert first is not None
    assert conversation.prompt(room=1).token_ids == (*first, END, USER, ord("b"), END, BOT)


def test_the_tokens_that_the_backend_says_it_was_given_count() -> None:
    conversation = Conversation("", Backend())
    conversation.observe("a")
    say(conversation, [ord("x"), END], given=(99, USER, ord("a"), END, BOT))
    conversation.observe("b")
    assert (conversation.prompt(room=1).token_ids or ())[:6] == (99, USER, ord("a"), END, BOT, 120)


def test_an_answer_without_tokens_begins_a_new_prompt() -> None:
    conversation = Conversation("", Backend())
    conversation.observe("a")
    say(conversation, None, text="go")
    conversation.observe("b")
    expected = Letters().encode("<user>a<end><bot>go<end><user>b<end><bot>")
    assert conversation.prompt(room=1).token_ids == expected


def test_without_a_tokenizer_there_are_only_messages() -> None:
    conversation = Conversation("rules", Backend(tokenizer=None))
    conversation.observe("a")
    say(conversation, None, text="x")
    conversation.observe("b")
    prompt = conversation.prompt(room=10**9)
    assert prompt.token_ids is None
    assert prompt.messages == (
        Message("system", "rules"),
        Message("user", "a"),
        Message("assistant", "x"),
        Message("user", "b"),
    )


def test_text_without_a_utf8_form_is_made_sayable() -> None:
    conversation = Conversation("", Backend(tokenizer=None))
    conversation.observe("caf\u00e9 \ud800")
    assert conversation.prompt(room=1).messages == (Message("user", "caf\u00e9 ?"),)


def test_a_prompt_fits_to_the_last_token_and_not_beyond() -> None:
    conversation = Conversation("", Backend(context_window=10))
    conversation.observe("abc")
    assert len(conversation.prompt(room=4).token_ids or ()) == 6
    with pytest.raises(ContextFullError, match=r"6 tokens and 5 for the answer exceed .* of 10"):
        conversation.prompt(room=5)


def test_forgetting_drops_the_oldest_turn_and_keeps_the_rules() -> None:
    conversation = Conversation("rules", Backend())
    for observation in "ab":
        conversation.observe(observation)
        say(conversation, [ord("x"), END])
    conversation.observe("c")
    assert conversation.forget_oldest()
    prompt = conversation.prompt(room=1)
    assert prompt.text == "<system>rules<end><user>b<end><bot>x<end><user>c<end><bot>"
    assert prompt.token_ids == Letters().encode(prompt.text)
    assert conversation.forget_oldest()
    assert not conversation.forget_oldest()

"""The conversation of one episode and its exact tokens: what was sampled is what is trained on.

Where the tokens of a conversation are known, each prompt continues the tokens before it: previous
prompt, what was sampled, and the *bridge*, which is what the chat template puts between an answer
and the next one (end of turn, next user message, beginning of an answer). Only the bridge is
tokenised. What was sampled never is, because the same text may have other tokens.

That holds as long as the template keeps earlier turns as they were. One that rewrites them, such
as by leaving out earlier thoughts, gets a prompt that is rendered and tokenised as a whole, and
training sees one sequence a turn. White space that a template trims from the ends of an answer, or
puts there, is no rewriting: the tokens keep what was sampled.
"""

from dataclasses import dataclass
from typing import Protocol

from agentrl.episode import Generation
from agentrl.errors import ContextFullError
from agentrl.models.base import ChatTokenizer, Message, as_sent


class _Backend(Protocol):
    @property
    def tokenizer(self) -> ChatTokenizer | None: ...

    @property
    def context_window(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is to answer."""

    messages: tuple[Message, ...]
    token_ids: tuple[int, ...] | None
    """The messages as exact tokens; None where the model has no tokenizer."""
    text: str = ""
    """The messages by the chat template; empty where the model has no tokenizer."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the model has seen and said: every token so far, and the text they stand for."""

    prompt: str
    answer: str
    token_ids: tuple[int, ...]


class Conversation:
    """Observations and answers in turn: ``observe``, ``prompt``, ``answer``, ``observe``, ..."""

    def __init__(self, system: str, model: _Backend) -> None:
        """Begin a conversation.

        Args:
            system: the first message; left out where it is empty.
            model: whose tokenizer and context window count.
        """
        self._system = (Message("system", system),) if system else ()
        self._tokenizer = model.tokenizer
        self._window = model.context_window
        self._messages: list[Message] = []
        self._seen: _Seen | None = None

    def observe(self, observation: str) -> None:
        """Add what the model is told next."""
        self._messages.append(Message("user", as_sent(observation)))

    def prompt(self, room: int) -> Prompt:
        """Return what the model is to answer.

        Args:
            room: tokens that the answer may take.

        Raises:
            ContextFullError: prompt and answer do not fit the model's context window.
        """
        messages = (*self._system, *self._messages)
        if self._tokenizer is None:
            return Prompt(messages, None)
        text = self._tokenizer.render(messages, generation_prompt=True)
        token_ids = self._continued(text, self._tokenizer) or self._tokenizer.encode(text)
        if self._window is not None and len(token_ids) + room > self._window:
            raise ContextFullError(
                f"a prompt of {len(token_ids)} tokens and {room} for the answer exceed the "
                f"model's context window of {self._window}; set 'history: drop_oldest', lower "
                f"'sampling: max_tokens', or use a model with a larger window"
            )
        return Prompt(messages, token_ids, text)

    def answer(self, prompt: Prompt, generation: Generation) -> None:
        """Add what the model said to ``prompt``."""
        self._messages.append(Message("assistant", generation.text))
        given = generation.prompt_token_ids or prompt.token_ids
        if given is None or generation.token_ids is None:
            self._seen = None
        else:
            token_ids = given + generation.token_ids
            self._seen = _Seen(prompt.text, generation.text, token_ids)

    def forget_oldest(self) -> bool:
        """Drop the oldest observation and its answer; False where only the newest one is left."""
        if len(self._messages) < 2:
            return False
        del self._messages[:2]
        self._seen = None
        return True

    def _continued(self, text: str, tokenizer: ChatTokenizer) -> tuple[int, ...] | None:
        """Return the tokens so far and the bridge's, or None where the template rewrote a turn."""
        seen = self._seen
        bridge = None if seen is None else _bridge(text, seen)
        if seen is None or bridge is None:
            return None
        token_ids = tokenizer.encode(bridge)
        if seen.token_ids[-1] in tokenizer.end_of_turn_ids:
            token_ids = _without_end_of_turn(token_ids, tokenizer)
        return seen.token_ids + token_ids


def _bridge(text: str, seen: _Seen) -> str | None:
    """Return what follows the last answer in a rendered chat, or None if that answer is changed."""
    if not text.startswith(seen.prompt):
        return None
    rest = text[len(seen.prompt) :]
    if rest.startswith(seen.answer):
        return rest[len(seen.answer) :]
    rest, answer = rest.lstrip(), seen.answer.strip()
    return rest[len(answer) :] if rest.startswith(answer) else None


def _without_end_of_turn(bridge: tuple[int, ...], tokenizer: ChatTokenizer) -> tuple[int, ...]:
    """Return the bridge without the end-of-turn token that the model sampled itself."""
    for index, token in enumerate(bridge):
        if token in tokenizer.end_of_turn_ids:
            blank = not tokenizer.decode(bridge[:index]).strip()
            return bridge[index + 1 :] if blank else bridge
    return bridge

"""What every model is: something that answers a request, and may know its own tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from agentrl.episode import Generation, Sampling

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


def as_sent(text: str) -> str:
    r"""Return a text as a model can be sent it: a lone surrogate, which has no UTF-8, becomes "?".

    >>> as_sent("door \ud800")
    'door ?'
    """
    return text.encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked."""

    messages: tuple[Message, ...]
    """The conversation so far, the last message to be answered."""
    sampling: Sampling = Sampling()
    token_ids: tuple[int, ...] | None = None
    """The conversation as the exact tokens to continue. None: the backend renders ``messages``
    with the model's chat template. A backend without tokens ignores it."""
    choices: tuple[str, ...] | None = None
    """The only answers allowed, as texts. None allows any."""
    session: str = ""
    """Names the conversation, so that a backend can keep its cache between turns and a replay
    can find what was answered before."""


class ChatTokenizer(Protocol):
    """A model's tokenizer together with its chat template."""

    @property
    def end_of_turn_ids(self) -> frozenset[int]:
        """Tokens that end an answer."""

    def render(self, messages: Sequence[Message], *, generation_prompt: bool) -> str:
        """Return the chat as the text that the model was trained on, by its chat template."""

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a rendered text; special tokens in it count as such."""

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of tokens, without special tokens."""


@runtime_checkable
class Model(Protocol):
    """Something that answers requests, many at a time.

    ``start`` and ``close`` bracket its use and run on the event loop that calls ``generate``;
    ``close`` may be called twice.
    """

    @property
    def name(self) -> str:
        """What records and reports call it."""

    @property
    def tokenizer(self) -> ChatTokenizer | None:
        """The model's tokenizer after ``start``, or None where the backend takes only messages."""

    @property
    def context_window(self) -> int | None:
        """Most tokens of prompt and answer together, or None where it is not known."""

    async def start(self) -> None:
        """Load or reach the model.

        Raises:
            UsageError: the model's settings cannot be used (no such checkpoint, no such model).
            ServiceDownError: its server does not answer.
        """

    async def generate(self, request: Request) -> Generation:
        """Answer one request.

        Raises:
            ModelError: no answer could be had, after the backend's own retries.
            ContextFullError: prompt and ``max_tokens`` exceed the context window.
            UsageError: the request asks for what this model cannot do.
            ServiceDownError: its server is gone for good.
        """

    async def close(self) -> None:
        """Give back what ``start`` took."""

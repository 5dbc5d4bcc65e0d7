"""What every parser shares: it finds the action in an answer, or says what is wrong with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class NoAction(ValueError):  # noqa: N818 - it is what the model is told, not a failure of ours
    """An answer holds no action; the message tells the model what was wrong with it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an answer holds: an action, or a refusal that says why there is none."""

    action: str | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Parser:
    """One form of an action within an answer."""

    name: str
    instructions: str
    """Tells the model the form; empty where there is none beside the environment's own."""
    expected: str
    """Ends every refusal: the form in one sentence."""
    find: Callable[[str, bool], str]
    """Returns the action of an answer without thoughts, given whether the answer was cut off;
    raises ``NoAction``."""
    write: Callable[[str], str]
    """Returns an answer that holds this action."""
    close: str = ""
    """The text that ends an action. As a stop text it is missing from the answer."""
    thoughts: bool = False
    """Whether thoughts are a part of the action."""

    def parse(self, text: str, *, cut: bool = False) -> Parsed:
        """Return the action in an answer, or why there is none. Any text may be given.

        Args:
            text: the whole answer; what stands in ``<think>...</think>`` is ignored, unless
                thoughts are a part of the action.
            cut: the answer reached its longest length, so its end may be missing.
        """
        try:
            answer = text if self.thoughts else without_thoughts(text)
            if not answer.strip():
                raise NoAction(
                    f"Your answer {'holds only thoughts' if text.strip() else 'is empty'}."
                )
            return Parsed(self.find(answer, cut))
        except NoAction as problem:
            limit = "It was cut off at the longest allowed length: be brief." if cut else ""
            return Parsed(None, " ".join(filter(None, (str(problem), limit, self.expected))))


def without_thoughts(text: str) -> str:
    """Return the text outside ``<think>...</think>``.

    A thought that is not closed reaches to the end. One that is only closed began in the prompt,
    as with templates that open it for the model.

    >>> without_thoughts("<think>north or south?</think>go north")
    'go north'
    """
    return _THOUGHT.sub("", text).rpartition("</think>")[2]


def tagged(text: str, tag: str) -> tuple[list[str], bool]:
    """Return what stands between each pair of tags, and whether the last tag was left open.

    >>> tagged("<a>one</a> or <a>two</a> or <a>th", "a")
    (['one', 'two'], True)
    """
    pieces = [piece.partition(f"</{tag}>") for piece in text.split(f"<{tag}>")[1:]]
    return [body for body, close, _ in pieces if close], bool(pieces) and not pieces[-1][1]


def quoted(text: str) -> str:
    """Return the text in quotes, shortened to what a message can hold."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")

"""Episodes as a scorer that is a language model learns from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentrl.episode import Episode
from agentrl.errors import UnscoredError
from agentrl.models.chat import HFChatTokenizer
from agentrl.models.scorers.passages import Passage, passages


@dataclass(frozen=True, slots=True)
class Example:
    """An episode that can be read, and what it came to."""

    passages: tuple[Passage, ...]
    turns: int
    outcome: float

    @property
    def tokens(self) -> int:
        """How much of a pass it takes: its passages, padded to the longest."""
        return len(self.passages) * max(len(p.token_ids) for p in self.passages)


def readable(
    episodes: Sequence[Episode], tokenizer: HFChatTokenizer, max_tokens: int
) -> list[Episode]:
    """Return the episodes that are not too long to be read.

    Raises:
        UsageError: they were recorded with the tokens of another model family.
    """
    return [e for e in episodes if not e.turns or _fits(e, tokenizer, max_tokens)]


def example(episode: Episode, outcome: str, tokenizer: HFChatTokenizer, max_tokens: int) -> Example:
    """Return what is learned from an episode that has turns and states its outcome.

    Raises:
        UnscoredError: it is too long.
    """
    read = passages(episode, tokenizer, max_tokens)
    return Example(tuple(read), len(episode.turns), episode.outcome[outcome])


def _fits(episode: Episode, tokenizer: HFChatTokenizer, max_tokens: int) -> bool:
    try:
        passages(episode, tokenizer, max_tokens)
    except UnscoredError:
        return False
    return True

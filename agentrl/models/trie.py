"""A finite set of answers as a tree of tokens: what may come next after each prefix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agentrl.errors import UsageError


@dataclass(slots=True)
class TrieNode:
    """What is known after some tokens: which tokens may follow."""

    children: dict[int, "TrieNode"] = field(default_factory=dict)

    @property
    def allowed(self) -> tuple[int, ...]:
        """The tokens that may come next, in ascending order; none at the end of an answer."""
        return tuple(sorted(self.children))


class PlainEncoder(Protocol):
    """The part of a tokenizer that a trie of choices needs."""

    @property
    def end_of_turn_id(self) -> int:
        """The token that ends an answer."""

    def encode_plain(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a text in which no special token counts."""


def build_trie(sequences: Iterable[Sequence[int]]) -> TrieNode:
    """Return the root of the tree that holds ``sequences``; repeated ones count once.

    >>> root = build_trie([(5, 6, 0), (5, 7, 0)])
    >>> root.allowed, root.children[5].allowed
    ((5,), (6, 7))
    """
    root = TrieNode()
    for sequence in sequences:
        node = root
        for token in sequence:
            node = node.children.setdefault(token, TrieNode())
    return root


def choice_trie(choices: Sequence[str], tokenizer: PlainEncoder) -> TrieNode:
    """Return the tree of the choices' canonical tokenisations, each ended by end-of-turn.

    A choice that is a prefix of another one is told apart by its end-of-turn token.

    Args:
        choices: the only answers allowed; an empty text stands for ending the turn at once.
        tokenizer: tells a text's tokens and the token that ends an answer.

    Raises:
        UsageError: there is no choice, so that no answer would be allowed.
    """
    if not choices:
        raise UsageError(
            "choices is empty, so no answer is allowed; give at least one choice, or None to "
            "allow any answer"
        )
    end = tokenizer.end_of_turn_id
    return build_trie((*tokenizer.encode_plain(choice), end) for choice in choices)

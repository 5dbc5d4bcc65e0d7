"""From legal actions with their facts and texts to rows of numbers."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agentrl.envs.base import Choices
from agentrl.errors import UsageError

Matrix = NDArray[np.float64]
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a policy's rows are: facts, then the text, then the action's words.

    Texts are hashed n-grams: of words and pairs of words, each adding to one of a few columns, and
    the columns are scaled to length 1.
    """

    facts: tuple[str, ...]
    """Names of the facts that the environment tells of every action."""
    text: int = 0
    """Columns for the text that the decision is about; 0: it is not read."""
    action: int = 0
    """Columns for the action's own words, where no facts tell actions apart."""

    @property
    def columns(self) -> int:
        """How many numbers a row has."""
        return len(self.facts) + self.text + self.action

    def rows(self, choices: Choices) -> Matrix:
        """Return one row an action, ``[actions, columns]``.

        Raises:
            UsageError: the environment tells other facts than the policy was made for.
        """
        count = len(choices.actions)
        if any(len(row) != len(self.facts) for row in choices.facts):
            raise UsageError(
                f"the policy goes by {len(self.facts)} facts of every action, and the environment "
                f"tells {len(choices.facts[0])}; train one on this environment"
            )
        rows = np.zeros((count, self.columns))
        facts = len(self.facts)
        if facts:
            rows[:, :facts] = choices.facts
        if self.text:
            rows[:, facts : facts + self.text] = ngrams(choices.text, self.text)
        if self.action:
            for row, action in zip(rows, choices.actions, strict=True):
                row[facts + self.text :] = ngrams(action, self.action)
        return rows


def layout_for(facts: Sequence[str], text: int, action: int) -> Layout:
    """Return the layout for an environment; where it tells facts, an action's words say no more."""
    return Layout(tuple(facts), text, 0 if facts else action)


@lru_cache(maxsize=20_000)
def ngrams(text: str, columns: int) -> Matrix:
    """Return a text's hashed n-grams, ``[columns]``, of length 1 (0 for an empty text).

    A hash also gives each n-gram a sign, so that those that share a column cancel out on average.
    """
    words = _WORD.findall(text.casefold())
    found = np.zeros(columns)
    for gram in (*words, *map(" ".join, pairwise(words))):
        digest = zlib.crc32(gram.encode("utf-8", "surrogatepass"))
        found[(digest >> 1) % columns] += 1.0 if digest & 1 else -1.0
    length = float(np.linalg.norm(found))
    found = found / length if length else found
    found.setflags(write=False)
    return found

"""From legal actions with what is known of them to rows of numbers."""

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

Matrix = NDArray[np.float32]
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a policy's rows are: facts, then the text, then an action's words.

    Texts are hashed n-grams: words and pairs of words, each adding to one of a few columns, and
    the columns of a text are scaled to length 1.
    """

    facts: tuple[str, ...]
    """Names of the facts that the environment tells of every action."""
    text: int = 0
    """Columns for the text that the decision is about; 0: it is not read."""
    words: int = 0
    """Columns for what is known of an action in words; 0: they are not read."""

    @property
    def columns(self) -> int:
        """How many numbers a row has."""
        return len(self.facts) + self.text + self.words

    def rows(self, choices: Choices) -> Matrix:
        """Return one row an action, ``[actions, columns]``.

        Raises:
            UsageError: the environment tells other facts than the policy was made for.
        """
        rows = np.zeros((len(choices.actions), self.columns), np.float32)
        count = len(self.facts)
        if any(len(facts) != count for facts in choices.facts):
            raise UsageError(
                f"the policy goes by {count} facts of every action, and the environment tells "
                f"{len(choices.facts[0])}; train one on this environment"
            )
        rows[:, :count] = choices.facts
        if self.text:
            rows[:, count : count + self.text] = ngrams(choices.text, self.text)
        if self.words:
            for row, words in zip(rows, choices.words, strict=True):
                row[count + self.text :] = ngrams(words, self.words)
        return rows


def check_facts(layout: Layout, facts: Sequence[str], env: str) -> None:
    """Check that an environment tells what a policy goes by.

    Raises:
        UsageError: it does not; names the difference.
    """
    if layout.facts == tuple(facts):
        return
    missing = [name for name in layout.facts if name not in facts]
    new = [name for name in facts if name not in layout.facts]
    differences = [
        *([f"{env} does not tell {', '.join(missing)}"] if missing else []),
        *([f"the policy does not know {', '.join(new)}"] if new else []),
    ]
    raise UsageError(
        f"the policy was trained on other facts of actions: "
        f"{'; '.join(differences) or 'their order differs'}. Train one on this environment"
    )


@lru_cache(maxsize=20_000)
def ngrams(text: str, columns: int) -> Matrix:
    """Return a text's hashed n-grams, ``[columns]``, of length 1 (0 for an empty text).

    A hash also gives each n-gram a sign, so that those that share a column cancel out on average.
    """
    words = _WORD.findall(text.casefold())
    found = np.zeros(columns, np.float32)
    for gram in (*words, *map(" ".join, pairwise(words))):
        digest = zlib.crc32(gram.encode("utf-8", "surrogatepass"))
        found[(digest >> 1) % columns] += 1.0 if digest & 1 else -1.0
    length = float(np.linalg.norm(found))
    if length:
        found /= np.float32(length)
    found.setflags(write=False)
    return found

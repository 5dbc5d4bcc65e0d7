"""A retriever: the passages of a text file that go best with a question, by BM25."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrl.errors import UsageError
from agentrl.orchestrator.program import Program
from agentrl.orchestrator.worker import Request

K1 = 1.5
"""How fast a word that is repeated counts less; the usual value."""
B = 0.75
"""How much a long passage is held back; the usual value."""

_WORD = re.compile(r"\w+")
_MOST_BYTES = 64 * 2**20


def retriever(file: str, top: int = 3) -> Program:
    """Return a program that answers with the passages that fit its instruction best.

    Args:
        file: UTF-8 text; an empty line ends a passage.
        top: most passages.

    Raises:
        UsageError: the file cannot be read, is too large for this, or holds nothing.
    """
    if top < 1:
        raise UsageError(f"retriever: top is {top}, expected at least 1")
    index = Index(read_passages(Path(file).expanduser()))

    def retrieve(request: Request) -> str:
        query = request.instruction or request.messages[-1].content
        found = index.search(query, top)
        if not found:
            return "Nothing found: no passage shares a word with what I was asked."
        return "\n\n".join(found)

    return retrieve


def read_passages(path: Path) -> list[str]:
    """Return the passages of a text file, which empty lines part.

    Raises:
        UsageError: the file cannot be read, is too large for this, or holds nothing.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path}: larger than {_MOST_BYTES >> 20} MiB; split it")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path}: cannot be read as UTF-8 text to retrieve from: {exc}") from None
    passages = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    if not passages:
        raise UsageError(f"{path}: holds no passage to retrieve")
    return passages


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    words: Counter[str]


class Index:
    """Passages that can be searched by Okapi BM25 (Robertson and others, TREC-3)."""

    def __init__(self, passages: Sequence[str]) -> None:
        self._passages = [_Passage(text, Counter(words(text))) for text in passages]
        self._in = Counter(word for passage in self._passages for word in passage.words)
        total = sum(passage.words.total() for passage in self._passages)
        self._usual = max(total / max(len(passages), 1), 1.0)

    def search(self, query: str, top: int) -> list[str]:
        """Return the best passages, best first; those without a word of the query not at all."""
        asked = set(words(query))
        scored = [(self.score(asked, i), i) for i in range(len(self._passages))]
        best = sorted((-score, i) for score, i in scored if score > 0)[:top]
        return [self._passages[i].text for _, i in best]

    def score(self, asked: set[str], index: int) -> float:
        """Return how well a passage goes with words that are asked for."""
        passage = self._passages[index].words
        held_back = K1 * (1 - B + B * passage.total() / self._usual)
        return sum(
            self._rarity(word) * passage[word] * (K1 + 1) / (passage[word] + held_back)
            for word in sorted(asked & passage.keys())
        )

    def _rarity(self, word: str) -> float:
        n, having = len(self._passages), self._in[word]
        return math.log(1 + (n - having + 0.5) / (having + 0.5))


def words(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return _WORD.findall(text.casefold())

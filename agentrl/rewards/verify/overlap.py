"""A text against reference texts: BLEU, and the words they share."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from agentrl.errors import MissingDependencyError, UsageError

_WORD = re.compile(r"\w+")
_MOST_CHARS = 100_000


def bleu(text: str, references: Sequence[str]) -> float:
    """Return the BLEU of a text, from 0 to 1, as sacrebleu has it for single sentences.

    BLEUBERI (arXiv 2505.11080) trains on it: n-grams of up to four words, or of as many as the
    text has, exponentially smoothed, with the brevity penalty; several references count together.
    Of a very long text the beginning counts.

    Raises:
        UsageError: there is no reference.
        MissingDependencyError: sacrebleu is not installed.
    """
    if not references:
        raise UsageError("BLEU compares with references, and there is none")
    if not text.strip():
        return 0.0
    score = float(_scorer().sentence_score(text[:_MOST_CHARS], list(references)).score)
    return max(0.0, min(1.0, score / 100))


def word_f1(text: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of the words, in lower case, from 0 to 1.

    >>> word_f1("the red door", "A red door")
    0.6666666666666666
    """
    given, wanted = (Counter(_WORD.findall(one.lower())) for one in (text, reference))
    if not given or not wanted:
        return float(given == wanted)
    return 2 * (given & wanted).total() / (given.total() + wanted.total())


@cache
def _scorer() -> Any:
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ModuleNotFoundError:
        raise MissingDependencyError(
            "BLEU needs sacrebleu: pip install 'agentrl[rewards]'"
        ) from None
    return BLEU(effective_order=True)

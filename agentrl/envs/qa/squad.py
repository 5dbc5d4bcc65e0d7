"""Comparing short answers the way SQuAD does: exact match and F1 after normalisation."""

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower the case, drop punctuation and articles, and join the words with single spaces.

    >>> normalise("The  Eiffel Tower, in Paris!")
    'eiffel tower in paris'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, reference: str) -> bool:
    """Return whether two answers are the same after normalisation."""
    return normalise(answer) == normalise(reference)


def f1(answer: str, reference: str) -> float:
    """Return the harmonic mean of precision and recall of the answer's words, from 0 to 1.

    Words count as often as they occur. Where either side has none, only two empty sides match.
    """
    given, wanted = normalise(answer).split(), normalise(reference).split()
    if not given or not wanted:
        return float(given == wanted)
    shared = (Counter(given) & Counter(wanted)).total()
    return 2 * shared / (len(given) + len(wanted))

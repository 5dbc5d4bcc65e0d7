r"""Finding the answer in what a model says.

The rule, for every kind of question: where the text marks its answer, the marked part counts, and
otherwise the whole text does. Marks are, in this order, the last ``\boxed{...}``, what follows the
last ``####`` on its line, and what follows the last "answer is" or "answer:" in its sentence.
"""

import re

_SAID = re.compile(r"\banswer(?:\s+is\s*:?|\s*:)", re.IGNORECASE)
_SENTENCE = re.compile(r"\s*((?:[^\n.]|\.(?=\S))*)")
_BOX = re.compile(r"\\boxed\s*\{")


def marked(text: str) -> str | None:
    r"""Return the part that the text marks as its answer, or None where it marks none.

    >>> marked("5 + 4 = 9. The answer is 9.")
    '9'
    >>> marked("so \\boxed{\\frac{1}{2}}")
    '\\frac{1}{2}'
    """
    for found in (_last_box(text), _after_hashes(text), _said(text)):
        if found:
            return found
    return None


def answer_part(text: str) -> str:
    """Return the marked part of the text, or all of it."""
    return marked(text) or text.strip()


def _after_hashes(text: str) -> str:
    _, hashes, rest = text.rpartition("####")
    return rest.partition("\n")[0].strip() if hashes else ""


def _said(text: str) -> str:
    said = [match.end() for match in _SAID.finditer(text)]
    sentence = _SENTENCE.match(text, said[-1]) if said else None
    return sentence[1].strip() if sentence else ""


def _last_box(text: str) -> str:
    boxes = list(_BOX.finditer(text))
    if not boxes:
        return ""
    start = boxes[-1].end()
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start:index].strip()
    return text[start:].strip()

r"""Reading numbers as people and models write them.

Understood: ``1,234.5``, ``$18``, ``-$3``, ``50%``, ``3/4``, ``1.5e3``, ``1.5 \times 10^{3}``,
``\frac{3}{4}``, a dot that only ends the sentence, and the typographic minus. A currency or
percent sign is dropped: ``50%`` is 50.
"""

import re
from fractions import Fraction

from agentrl.envs.qa.extract import marked

RELATIVE_TOLERANCE = Fraction(1, 10**6)
"""Two numbers are the same when they differ by no more than this share of the reference."""

_PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<sign>[-+]?)\s?[$€£]?(?P<sign2>[-+]?)"
    rf"(?:\\[dt]?frac\{{(?P<top>[-+]?\d+)\}}\{{(?P<bottom>\d+)\}}"
    rf"|(?P<number>{_PLAIN})"
    rf"(?:[eE](?P<exponent>[-+]?\d+)|\s*(?:\\times|[x*])\s*10\^\{{?(?P<power>[-+]?\d+)\}}?"
    rf"|\s?/\s?(?P<over>\d+(?:\.\d+)?))?)",
    re.ASCII,
)
_MOST_DIGITS = 1000
_LARGEST_EXPONENT = 1000
_PLAINER = {
    r"\$": "$",
    r"\%": "%",
    r"\,": "",
    r"\!": "",
    "{,}": ",",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
}


def read_number(text: str) -> Fraction | None:
    """Return the number that a text gives as its answer, or None where it gives none.

    In the part that is marked as the answer it is the first number, or the first one after the
    last equals sign there. Where nothing is marked, or no number stands there, it is the last
    number of the whole text.

    >>> read_number("Each has 4, so 3 * 4 = 12 in all.")
    Fraction(12, 1)
    >>> read_number("The answer is 18 dollars, from 9 eggs.")
    Fraction(18, 1)
    """
    part = marked(text)
    if part is not None:
        found = numbers(part.rpartition("=")[2]) or numbers(part)
        if found:
            return found[0]
    found = numbers(text)
    return found[-1] if found else None


def numbers(text: str) -> list[Fraction]:
    """Return every number in a text, in order."""
    for written, plain in _PLAINER.items():
        text = text.replace(written, plain)
    values = (_value(match) for match in _NUMBER.finditer(text))
    return [value for value in values if value is not None]


def is_number(text: str) -> bool:
    """Return whether a text is one number and nothing else."""
    bare = text.strip().rstrip(".%")
    match = _NUMBER.fullmatch(bare)
    return match is not None and _value(match) is not None


def same_number(given: Fraction, reference: Fraction) -> bool:
    """Return whether two numbers agree within the tolerance."""
    return abs(given - reference) <= abs(reference) * RELATIVE_TOLERANCE


def _value(match: re.Match[str]) -> Fraction | None:
    if len(match[0]) > _MOST_DIGITS:
        return None
    sign = -1 if "-" in (match["sign"], match["sign2"]) else 1
    top, bottom = match["top"], match["bottom"]
    if top is None:
        top, bottom = match["number"].replace(",", ""), match["over"] or "1"
    exponent = int(match["exponent"] or match["power"] or 0)
    if Fraction(bottom) == 0 or abs(exponent) > _LARGEST_EXPONENT:
        return None
    return sign * Fraction(top) / Fraction(bottom) * Fraction(10) ** exponent

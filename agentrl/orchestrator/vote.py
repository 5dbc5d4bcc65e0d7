"""What most of several answers say, read as numbers or as words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from agentrl.envs.qa.extract import answer_part
from agentrl.envs.qa.grade import after_thought
from agentrl.envs.qa.numeric import is_number, read_number
from agentrl.envs.qa.squad import normalise

VoteKind = Literal["auto", "number", "text", "exact"]
"""How answers are compared: see ``ballot``."""

KINDS: tuple[str, ...] = get_args(VoteKind)

Ballot = str | Fraction
"""What an answer says, so that answers that say the same are equal."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a vote came to."""

    answer: str
    """The first answer of the largest party, as it was given; empty where nobody voted."""
    votes: int
    """How many answers say the same as it."""
    cast: int
    """How many answers said something."""

    @property
    def share(self) -> float:
        """The largest party's share of the votes that were cast; 0 where there were none."""
        return self.votes / self.cast if self.cast else 0.0


def vote(answers: Sequence[str], kind: VoteKind = "auto") -> Vote:
    """Count what answers say. Of parties of one size the one that spoke first wins.

    >>> vote(["The answer is 7.", "x = 8, the answer is 8", "7.0"]).answer
    'The answer is 7.'
    """
    parties: dict[Ballot, list[str]] = {}
    for answer in answers:
        said = ballot(answer, kind)
        if said is not None:
            parties.setdefault(said, []).append(answer)
    if not parties:
        return Vote("", 0, 0)
    largest = max(parties.values(), key=len)
    return Vote(largest[0], len(largest), sum(map(len, parties.values())))


def ballot(answer: str, kind: VoteKind = "auto") -> Ballot | None:
    r"""Return what an answer says in a form that can be compared; None: it says nothing.

    Thinking before ``</think>`` is passed over. What an answer marks as such (``\boxed{...}``,
    ``#### ...``, "the answer is ...") counts, otherwise all of it.

    Args:
        answer: a worker's answer.
        kind: ``number`` reads the number that the answer gives (an answer without one says
            nothing), ``text`` compares words without case, articles and punctuation, ``exact``
            compares the whole text but for space around it, and ``auto`` compares numbers where
            the answer is one and words otherwise.
    """
    said = after_thought(answer)
    return _READERS[kind](said) if said else None


def _auto(text: str) -> Ballot | None:
    part = answer_part(text)
    if is_number(part):
        return read_number(part)
    return _text(text)


def _text(text: str) -> Ballot | None:
    part = answer_part(text)
    return normalise(part) or part


def _exact(text: str) -> Ballot | None:
    return text


_READERS: dict[VoteKind, Callable[[str], Ballot | None]] = {
    "auto": _auto,
    "number": read_number,
    "text": _text,
    "exact": _exact,
}

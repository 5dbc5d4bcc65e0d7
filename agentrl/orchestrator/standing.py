"""How things stand between questions to workers, as numbers that a small policy learns from.

Every number is about a worker's descriptor or about what the answers agree on, none about which
worker it is, so that a policy can go by them where it never saw the worker.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentrl.orchestrator.accounting import estimated_tokens
from agentrl.orchestrator.worker import Descriptor

CHOICE_FACTS = (
    "length",  # logarithm of the question's characters
    "asked",  # share of the answers that may be asked for
    "nobody_asked",
    "parties",  # how many different answers there are
    "votes",  # the largest party's share of the answers
    "leader",  # how likely the likeliest answer is right, as a logit
    "runner_up",  # the same of the second
    "spent",  # logarithm of what was spent
    "ask",
    "ask_skill",  # how well the worker did, as a logit
    "ask_price",  # logarithm of what it will cost
    "ask_gain",  # its skill times the chance that the leader is wrong
    "ask_edge",  # its skill less the leader's, both as logits
    "ask_latency",  # logarithm of the seconds that it takes
    "ask_room",  # logarithm of how often question and answer fit into its context window
    "ask_fits",  # the question names one of its tags
    "ask_again",  # it was asked before
    "vote",
    "take",
    "backing",  # how likely the answer that is handed in is right, as a logit
    "leads",  # it is the likeliest
    "supporters",  # how many gave it
)
"""Names of what ``standing`` tells of every action, in order."""

ANSWER_TOKENS = 300
"""Tokens that an answer is taken to have where a worker's descriptor does not say; our choice."""
WRONG_ANSWERS = 3.0
"""How many wrong answers are about equally likely: so much more two who agree are believed. Our
choice."""
_UNKNOWN = 0.5  # how well somebody does of whom nothing is known
_WIDE = 1_000_000  # a context window of which nothing is known is in nobody's way
_LEAST, _MOST = 0.005, 0.995
_NOT_ASKED, _NOT_HANDED_IN = (0.0,) * 9, (0.0,) * 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker that may be asked, or was."""

    name: str
    descriptor: Descriptor
    skill: float
    """How well it does on such tasks, from 0 to 1."""
    fits: float = 0.0
    """1 where the question names one of its tags."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one worker said."""

    worker: str
    party: int
    """Answers that say the same have the same number, from 1; 0: it says nothing."""


def skill_of(descriptor: Descriptor, kind: str) -> float:
    """Return how well a worker does on a kind of task; else its mean over kinds, else a half."""
    known = descriptor.performance
    if kind in known:
        return known[kind]
    return sum(known.values()) / len(known) if known else _UNKNOWN


def fit_of(descriptor: Descriptor, words: Sequence[str]) -> float:
    """Return 1 where a word of a worker's tags stands among some others, else 0.

    How many do is no measure: who has many tags is not better for it.
    """
    there = set(words)
    return float(any(word.casefold() in there for tag in descriptor.tags for word in tag.split()))


def beliefs(votes: Sequence[Vote], skills: Mapping[str, float]) -> dict[int, float]:
    """Return how likely each party is right, if workers err independently of each other.

    A party has the evidence of its workers, the sum of ``log(WRONG_ANSWERS * p / (1 - p))``, and
    competes with the others and with none of them being right. A worker counts once.

    >>> round(beliefs([Vote("a", 1)], {"a": 0.5})[1], 6)
    0.75
    """
    evidence: dict[int, float] = {}
    for worker, party in dict.fromkeys((v.worker, v.party) for v in votes if v.party):
        skill = min(max(skills[worker], 0.02), 0.98)
        weight = math.log(WRONG_ANSWERS * skill / (1 - skill))
        evidence[party] = evidence.get(party, 0.0) + weight
    odds = {party: math.exp(min(max(sum_, -20.0), 20.0)) for party, sum_ in evidence.items()}
    total = 1 + sum(odds.values())
    return {party: odd / total for party, odd in odds.items()}


class Standing:
    """How things stand in one episode; ``rows`` tells it of each action."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        votes: Sequence[Vote],
        *,
        tried: Sequence[str],
        asks: int,
        question_chars: int,
        usd: float,
        voted: int,
    ) -> None:
        """
        Args:
            candidates: every worker of the episode.
            votes: the answers so far.
            tried: who was asked, in order.
            asks: how many may be.
            question_chars: length of the question.
            usd: what was spent.
            voted: the party that a vote would hand in; 0: none.
        """
        self._candidates = {one.name: one for one in candidates}
        self._skills = {one.name: one.skill for one in candidates}
        self._tried, self._voted = set(tried), voted
        self._party = {vote.worker: vote.party for vote in votes}
        self._beliefs = beliefs(votes, self._skills)
        self._counts: dict[int, int] = {}
        for vote in votes:
            if vote.party:
                self._counts[vote.party] = self._counts.get(vote.party, 0) + 1
        ranked = sorted((*self._beliefs.values(), 0.0, 0.0), reverse=True)
        self._leader = ranked[0]
        self._chars = question_chars
        cast = sum(self._counts.values())
        self._shared = (
            math.log(question_chars + 1) - 6.5,
            len(tried) / asks,
            float(not tried),
            len(self._counts) / asks,
            max(self._counts.values()) / cast if cast else 0.0,
            _logit(ranked[0]),
            _logit(ranked[1]),
            math.log10(1000 * usd + 0.02),
        )
        self._asks = asks

    def ask(self, worker: str) -> tuple[float, ...]:
        """Return the row of asking a worker."""
        one = self._candidates[worker]
        about = one.descriptor
        given = estimated_tokens(self._chars)
        price_in, price_out = about.price_in or 0.0, about.price_out or 0.0
        answered = about.answer_tokens or ANSWER_TOKENS
        usd = (given * price_in + answered * price_out) / 1e6
        room = (about.context_window or _WIDE) / (given + ANSWER_TOKENS)
        return (
            *self._shared,
            1.0,
            _logit(one.skill),
            math.log10(1000 * usd + 1e-3),
            one.skill * (1 - max(self._leader, _LEAST)),
            _logit(one.skill) - _logit(self._leader),
            math.log1p(about.latency_s or 0.0),
            min(math.log10(room), 1.0),
            one.fits,
            float(worker in self._tried),
            *_NOT_HANDED_IN,
        )

    def vote(self) -> tuple[float, ...]:
        """Return the row of handing in what most say."""
        return self._hand_in((1.0, 0.0), self._voted)

    def take(self, worker: str) -> tuple[float, ...]:
        """Return the row of handing in a worker's answer."""
        return self._hand_in((0.0, 1.0), self._party.get(worker, 0))

    def _hand_in(self, kind: tuple[float, float], party: int) -> tuple[float, ...]:
        belief = self._beliefs.get(party, 0.0)
        leads = float(belief > 0 and belief >= self._leader - 1e-9)
        count = self._counts.get(party, 0) / self._asks
        return (*self._shared, *_NOT_ASKED, *kind, _logit(belief), leads, count)


def _logit(share: float) -> float:
    """Return a third of the logit, between about -1.8 and 1.8."""
    share = min(max(share, _LEAST), _MOST)
    return math.log(share / (1 - share)) / 3

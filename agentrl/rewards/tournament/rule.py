"""Comparing episodes by facts, the most important one first (HERON, arXiv 2309.02632)."""

import math
from collections.abc import Sequence

from agentrl.episode import Episode
from agentrl.errors import UsageError, nearest
from agentrl.rewards.facts import METERS, number
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.tournament.comparison import Compare, Comparison
from agentrl.suite.reward.tournament import FactorSpec

_TIE = Comparison(0.5, 0.5)


def compare_by_rule(factors: Sequence[FactorSpec], first: Episode, second: Episode) -> Comparison:
    """Return 1 point for the better episode and 0 for the other, or half a point for each.

    The first factor in which the two differ by more than its margin decides; factors behind it
    count for nothing. With margins the rule may go round in a circle (a over b over c over a).

    Raises:
        JudgeError: an episode does not state a factor that had to decide.
        UsageError: a fact is not a finite number.
    """
    for factor in factors:
        gain = _value(factor, first) - _value(factor, second)
        if abs(gain) > factor.margin:
            wins = (gain > 0) == (factor.better == "higher")
            return Comparison(float(wins), float(not wins))
    return _TIE


def rule(factors: Sequence[FactorSpec]) -> Compare:
    """Return the comparison by a rule; the order of the two makes no difference to it."""

    async def ask(first: Episode, second: Episode) -> Comparison:
        return compare_by_rule(factors, first, second)

    return Compare(ask, both_orders=False)


def check_facts(factors: Sequence[FactorSpec], group: Sequence[Episode]) -> None:
    """See that every factor is a fact that at least one episode of the group states.

    Raises:
        UsageError: one is stated by none; says which facts there are.
    """
    known = {name for episode in group for name in episode.outcome}
    known |= {name for episode in group for turn in episode.turns for name in turn.signals}
    for factor in factors:
        if factor.missing is None and factor.fact not in known and factor.fact not in METERS:
            raise UsageError(
                f"no episode states the fact {factor.fact!r} that a tournament's rule compares"
                f"{nearest(factor.fact, known)}; stated are: {', '.join(sorted(known)) or 'none'}. "
                "Name one of them, or give the factor a value for 'missing'"
            )


def _value(factor: FactorSpec, episode: Episode) -> float:
    value = number(episode, factor.fact, factor.reduce)
    if value is None:
        value = factor.missing
    if value is None:
        raise JudgeError(f"{episode.id} does not state {factor.fact!r}")
    if not math.isfinite(value):
        raise UsageError(f"{episode.id}: {factor.fact!r} is {value}, expected a finite number")
    return float(value)

"""The value of each term on each turn, before anything is done to it."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain

from agentrl.episode import Episode
from agentrl.errors import RewardError
from agentrl.rewards.checks import inverse_rate_weights, pass_rates, static_weights, weighted_score
from agentrl.rewards.facts import Row, by_turn, finite, number, on_last, reduced, total
from agentrl.rewards.state import RewardState
from agentrl.suite.reward.terms import (
    ChecksTerm,
    EnsembleTerm,
    FactTerm,
    LadderTerm,
    PatternTerm,
    TermSpec,
)

Checks = Mapping[str, float]


def term_rows(
    name: str, term: TermSpec, episodes: Sequence[Episode], state: RewardState
) -> list[Row]:
    """Return a term's value on each turn of each episode of a group.

    Args:
        name: the term's.
        term: what it is.
        episodes: the scored episodes of the group.
        state: for running pass rates.

    Raises:
        RewardError: a value is NaN or infinite; the message names the term and the episode.
    """
    rows = _rows(name, term, episodes, state)
    if term.discount != 1:
        rows = [_discounted(row, term.discount) for row in rows]
    for episode, row in zip(episodes, rows, strict=True):
        if not math.isfinite(total(row)):
            raise not_finite(name, episode, row)
    return rows


def not_finite(name: str, episode: Episode, row: Row) -> RewardError:
    """Return the error about a term that is no number on some turn."""
    bad = (t for t, value in enumerate(row) if value is not None and not math.isfinite(value))
    turn = next(bad, None)
    where = "their sum" if turn is None else f"turn {turn + 1}: {row[turn]}"
    return RewardError(
        f"reward term {name!r} of episode {episode.id!r} is not finite ({where}); expected a "
        f"number: mend what states it, or bound it with a transform such as clip"
    )


def _rows(name: str, term: TermSpec, episodes: Sequence[Episode], state: RewardState) -> list[Row]:
    if isinstance(term, FactTerm):
        return [_fact_row(term.fact or name, term, episode) for episode in episodes]
    if isinstance(term, LadderTerm):
        return [on_last(len(e.turns), term.values[rungs_reached(term, e)]) for e in episodes]
    if isinstance(term, ChecksTerm):
        return _checks_rows(name, term, episodes, state)
    if isinstance(term, PatternTerm):
        return [_pattern_row(term, episode) for episode in episodes]
    return [_ensemble_row(term, episode) for episode in episodes]


def _fact_row(fact: str, term: FactTerm, episode: Episode) -> Row:
    row = by_turn(episode, fact)
    if term.reduce is None or fact in episode.outcome:
        return row
    return on_last(len(row), reduced(row, term.reduce))


def rungs_reached(term: LadderTerm, episode: Episode) -> int:
    """Return how many rungs of a ladder the episode reached, one after the other.

    Raises:
        RewardError: a rung is NaN or infinite.
    """
    for reached, rung in enumerate(term.rungs):
        if (finite(number(episode, rung, "max"), rung, episode) or 0.0) < 1.0:
            return reached
    return len(term.rungs)


def _checks_rows(
    name: str, term: ChecksTerm, episodes: Sequence[Episode], state: RewardState
) -> list[Row]:
    found = [checks_of(term, episode) for episode in episodes]
    weights = check_weights(name, term, [c for per_turn in found for c in per_turn], state)
    rows = []
    for episode, per_turn in zip(episodes, found, strict=True):
        factor = term.weighting.difficulty.get(episode.task_group, 1.0)
        shares = tuple(
            [factor * weighted_score(checks, weights) if checks else None for checks in per_turn]
        )
        rows.append(shares if term.of == "turn" else on_last(len(episode.turns), shares[0]))
    return rows


def checks_of(term: ChecksTerm, episode: Episode) -> list[Checks]:
    """Return the checks that each turn states, or the outcome as the only one."""
    stated = [turn.signals for turn in episode.turns] if term.of == "turn" else [episode.outcome]
    matches = _matcher(term.checks)
    return [{name: value for name, value in facts.items() if matches(name)} for facts in stated]


def check_weights(
    name: str, term: ChecksTerm, rows: Sequence[Checks], state: RewardState
) -> dict[str, float]:
    """Return the weight of each check that some rows state; they sum to 1.

    Args:
        name: the term's.
        term: how checks are weighted.
        rows: the checks of every turn of the group.
        state: for running pass rates; a check that it does not know yet has the group's.
    """
    spec = term.weighting
    names = dict.fromkeys(chain.from_iterable(rows))
    if spec.kind != "inverse_rate":
        return static_weights(names, spec.given if spec.kind == "given" else None)
    rates = pass_rates(rows)
    if spec.rates == "running" and name in state.rates:
        known = state.rates[name].rates()
        rates |= {check: known[check] for check in names if check in known}
    return inverse_rate_weights(
        rates, alpha=spec.alpha, sigma=spec.sigma, delta=spec.delta, normalise=True
    )


def _pattern_row(term: PatternTerm, episode: Episode) -> Row:
    waiting = {name: _compiled(pattern) for name, pattern in term.patterns.items()}
    counts = []
    for text in _texts(term, episode):
        hit = [name for name, pattern in waiting.items() if pattern.search(text)]
        for name in hit:
            del waiting[name]
        counts.append(float(len(hit)))
    return tuple(counts)


def _texts(term: PatternTerm, episode: Episode) -> list[str]:
    if term.reads == "action":
        return [turn.action for turn in episode.turns]
    seen = [turn.observation for turn in episode.turns]
    return [*seen[1:], episode.final_observation] if seen else []


def _ensemble_row(term: EnsembleTerm, episode: Episode) -> Row:
    columns = zip(*(by_turn(episode, fact) for fact in term.facts), strict=True)
    return tuple(_agreed(term, [v for v in column if v is not None]) for column in columns)


def _agreed(term: EnsembleTerm, values: Sequence[float]) -> float | None:
    """Return what several scorers say together; None unless all of them speak."""
    if len(values) < len(term.facts):
        return None
    mean, least = sum(values) / len(values), min(values)
    if term.how == "mean":
        return mean
    if term.how == "min":
        return least
    if term.how == "blend":
        return (1 - term.coefficient) * mean + term.coefficient * least
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return mean - term.coefficient * variance


def _discounted(row: Row, discount: float) -> Row:
    factor = discount ** len(row)
    return tuple(None if value is None else value * factor for value in row)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


@cache
def _matcher(pattern: str) -> Callable[[str], bool]:
    return cache(lambda name: fnmatchcase(name, pattern))

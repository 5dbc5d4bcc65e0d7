"""Gates: what closes, scales, shifts or replaces the terms of an episode, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agentrl.episode import Episode, Gate
from agentrl.rewards.facts import Row, by_turn, finite, number, total
from agentrl.rewards.state import Numbers
from agentrl.suite.reward.condition import ConditionSpec
from agentrl.suite.reward.gates import (
    CalibrateGate,
    GateSpec,
    GroupGate,
    MultiplyGate,
    OverrideGate,
)


@dataclass(frozen=True, slots=True)
class Weighed:
    """An episode on its way through the pipeline."""

    episode: Episode
    rows: Mapping[str, Row]
    """By term: its value on each turn, without weight."""
    closed: frozenset[str] = frozenset()
    """Costs that do not count."""
    override: float | None = None
    """What the whole reward is instead."""
    gates: tuple[Gate, ...] = field(default=())
    """What each gate did, in order."""


def value_of(condition: ConditionSpec, weighed: Weighed) -> float | None:
    """Return the number that a condition asks about.

    Raises:
        RewardError: it is NaN or infinite.
    """
    if condition.term is not None:
        row = weighed.rows[condition.term]
        return None if all(value is None for value in row) else total(row)
    value = number(weighed.episode, condition.subject, condition.reduce)
    return finite(value, condition.subject, weighed.episode)


def gated(
    name: str,
    gate: GateSpec,
    governed: Sequence[str],
    group: Sequence[Weighed],
    rates: Numbers,
) -> list[Weighed]:
    """Return the episodes of a group behind one gate.

    Args:
        name: the gate's.
        gate: what it does.
        governed: the terms and costs that it governs.
        group: the scored episodes of a group, at least one.
        rates: success rates of the groups of the batch, this one's included; for a group gate.
    """
    match gate:
        case GroupGate():
            verdict = _group_verdict(name, gate, group, rates)
            return [
                _noted(one if verdict.open else _closed(one, governed), verdict) for one in group
            ]
        case OverrideGate():
            return [_overridden(name, gate, one) for one in group]
        case MultiplyGate():
            return [_multiplied(name, gate, governed, one) for one in group]
        case CalibrateGate():
            return [_calibrated(name, gate, governed, one) for one in group]
    return [_passed(name, gate.when, governed, one) for one in group]


def _passed(name: str, when: ConditionSpec, governed: Sequence[str], weighed: Weighed) -> Weighed:
    value = value_of(when, weighed)
    verdict = Gate(name, when.holds(value), _why(when, value))
    return _noted(weighed if verdict.open else _closed(weighed, governed), verdict)


def _overridden(name: str, gate: OverrideGate, weighed: Weighed) -> Weighed:
    value = value_of(gate.when, weighed)
    verdict = Gate(name, not gate.when.holds(value), _why(gate.when, value))
    if verdict.open:
        return _noted(weighed, verdict)
    first = gate.value if weighed.override is None else weighed.override
    return _noted(replace(weighed, override=first), verdict)


def _multiplied(
    name: str, gate: MultiplyGate, governed: Sequence[str], weighed: Weighed
) -> Weighed:
    factor, reasons = 1.0, []
    for fact, penalty in gate.penalties.items():
        times = _occurrences(weighed.episode, fact)
        if times:
            factor *= penalty ** (times if gate.each else 1)
            reasons.append(f"{fact} {times}x")
    if gate.by is not None:
        share = number(weighed.episode, gate.by, gate.reduce)
        finite(share, gate.by, weighed.episode)
        factor *= share or 0.0
        reasons.append(f"{gate.by} {'not stated' if share is None else f'{share:g}'}")
    verdict = Gate(name, factor > 0, f"factor {factor:g}: {', '.join(reasons) or 'no penalty'}")
    return _noted(_scaled(weighed, governed, factor), verdict)


def _occurrences(episode: Episode, fact: str) -> int:
    row = by_turn(episode, fact)
    finite(total(row), fact, episode)
    return sum(value is not None and value >= 1 for value in row)


def _calibrated(
    name: str, gate: CalibrateGate, governed: Sequence[str], weighed: Weighed
) -> Weighed:
    outcome = total(weighed.rows[gate.by])
    shift = outcome - gate.beta

    def moved(row: Row) -> Row:
        return (*(None if v is None else v + shift for v in row[:-1]), None) if row else row

    rows = {n: moved(row) if n in governed else row for n, row in weighed.rows.items()}
    verdict = Gate(name, shift >= 0, f"{gate.by} {outcome:g} shifts by {shift:+g}")
    return _noted(replace(weighed, rows=rows), verdict)


def _group_verdict(name: str, gate: GroupGate, group: Sequence[Weighed], rates: Numbers) -> Gate:
    own = group_rate(gate.fact, [one.episode for one in group])
    if gate.at_least is not None:
        return Gate(name, own >= gate.at_least, f"{gate.fact} of the group {own:g}")
    assert gate.share is not None
    ranked = sorted(rates or (own,), reverse=True)
    least = ranked[max(1, int(gate.share * len(ranked) + 1e-9)) - 1]
    why = f"{gate.fact} of the group {own:g}, the best {gate.share:.0%} of groups have {least:g}"
    return Gate(name, own >= least, why)


def group_rate(fact: str, episodes: Sequence[Episode]) -> float:
    """Return the mean of a result over the scored episodes of a group; 0 without any."""
    values = [finite(number(episode, fact), fact, episode) or 0.0 for episode in episodes]
    return sum(values) / len(values) if values else 0.0


def _closed(weighed: Weighed, governed: Sequence[str]) -> Weighed:
    shut = frozenset(name for name in governed if name not in weighed.rows)
    return replace(_scaled(weighed, governed, 0.0), closed=weighed.closed | shut)


def _scaled(weighed: Weighed, governed: Sequence[str], factor: float) -> Weighed:
    if factor == 1:
        return weighed

    def scaled(row: Row) -> Row:
        return tuple(None if v is None else factor * v if factor else 0.0 for v in row)

    rows = {n: scaled(row) if n in governed else row for n, row in weighed.rows.items()}
    return replace(weighed, rows=rows)


def _noted(weighed: Weighed, verdict: Gate) -> Weighed:
    return replace(weighed, gates=(*weighed.gates, verdict))


def _why(when: ConditionSpec, value: float | None) -> str:
    if value is None:
        return f"{when.subject} is not stated"
    return f"{when.subject} is {value:g}, asked for {when}"

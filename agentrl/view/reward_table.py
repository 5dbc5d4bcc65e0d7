"""A reward in words: what its pipeline does, from facts to the reward of a turn."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from agentrl.suite.reward.condition import ConditionSpec
from agentrl.suite.reward.gates import GateSpec, OverrideGate
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.reward.terms import FactTerm, TermSpec
from agentrl.suite.section import Section

_APART = frozenset(("kind", "mode", "weight", "level", "transforms", "closes", "when", "only_if"))
"""Settings that are told in a way of their own."""

Row = tuple[str, str, str]


def reward_table(spec: RewardSpec, title: str = "reward") -> Table:
    """Return a reward as a table: labels, terms, gates, costs and their combination, in order."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("", "name", "what it does"):
        table.add_column(name, overflow="fold")
    combine: Row = ("combine", spec.combine.kind, _settings(spec.combine))
    stages = (_labels(spec), _terms(spec), _gates(spec), _costs(spec), (combine,))
    for rows in map(list, stages):
        for stage, name, what in rows:
            table.add_row(Text(stage, style="dim"), Text(name, style="bold"), Text(what))
        if rows:
            table.add_section()
    return table


def _labels(spec: RewardSpec) -> Iterator[Row]:
    for name, label in spec.labels.items():
        yield "label", name, _joined(label.kind, _settings(label))


def _terms(spec: RewardSpec) -> Iterator[Row]:
    for name, term in spec.terms.items():
        steps = [f"{term.weight:g} x {_source(name, term)}"]
        steps += [_joined(t.kind, _settings(t)) for t in term.transforms]
        level = f"level {term.level}: " if term.level else ""
        yield "term", name, level + " -> ".join(steps)


def _source(name: str, term: TermSpec) -> str:
    if isinstance(term, FactTerm):
        return _joined(f"fact {term.fact or name}", _settings(term, "fact"))
    return _joined(term.kind, _settings(term))


def _gates(spec: RewardSpec) -> Iterator[Row]:
    for name, gate in spec.gates.items():
        yield "gate", name, _gate(spec, gate)


def _gate(spec: RewardSpec, gate: GateSpec) -> str:
    when: ConditionSpec | None = getattr(gate, "when", None)
    settings = _settings(gate)
    if isinstance(gate, OverrideGate):
        return f"override: where {when} the whole reward is {gate.value:g}"
    governed = ", ".join(spec.governed(gate))
    asked = f"open where {when}" if when is not None else settings
    return f"{gate.mode}: {asked}; governs {governed}"


def _costs(spec: RewardSpec) -> Iterator[Row]:
    for name, cost in spec.cost.items():
        where = "in every episode" if cost.only_if == "always" else f"where {cost.only_if}"
        weight = getattr(cost, "weight", None)
        what = cost.kind if weight is None else f"{cost.kind}, {weight:g} a unit"
        yield "cost", name, f"{_joined(what, _settings(cost, defaults=True))}; {where}"


def _settings(section: Section, *told: str, defaults: bool = False) -> str:
    """Return what a section says, as text; of what is a default only where ``defaults`` asks."""
    given = section.model_dump(mode="json", exclude_defaults=not defaults, exclude_none=True)
    shown = {k: v for k, v in given.items() if k not in _APART and k not in told}
    return ", ".join(f"{key} {_shown(value)}" for key, value in shown.items())


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _joined(head: str, settings: str) -> str:
    return f"{head} ({settings})" if settings else head

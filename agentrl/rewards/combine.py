"""What the terms of a turn add to its reward."""

import math
from collections.abc import Sequence

from agentrl.rewards.cost import Charge
from agentrl.rewards.facts import Row
from agentrl.rewards.gates import Weighed
from agentrl.rewards.state import RewardState
from agentrl.suite.reward.combine import (
    CombineSpec,
    DynamicSpec,
    GeometricSpec,
    LagrangianSpec,
    ProductSpec,
)
from agentrl.suite.reward.spec import RewardSpec

Terms = dict[str, float]


def combined(spec: RewardSpec, weighed: Weighed, charge: Charge, state: RewardState) -> list[Terms]:
    """Return for each turn of an episode what each named part adds to its reward.

    A sum keeps the terms' names; a product or a geometric mean is one part of that name. What a
    gate put in the place of the reward goes by the name of the gate that closed first.
    """
    turns = range(len(weighed.episode.turns))
    if weighed.override is not None:
        closed = next(g.name for g in weighed.gates if not g.open and _overrides(spec, g.name))
        return [*({} for _ in turns[1:]), {closed: weighed.override}]
    weights = term_weights(spec, state)
    columns = [(name, weights[name], row) for name, row in weighed.rows.items()]
    parts = [_combined(spec.combine, _weighted(columns, turn)) for turn in turns]
    if charge.factor != 1:
        parts = [{n: charge.factor * value for n, value in terms.items()} for terms in parts]
    if isinstance(spec.combine, LagrangianSpec):
        parts[-1] |= _constraints(spec.combine, weighed, state)
    parts[-1] |= charge.added
    return parts


def term_weights(spec: RewardSpec, state: RewardState) -> Terms:
    """Return the weight of each term as it is now."""
    dynamic = isinstance(spec.combine, DynamicSpec)
    return {
        name: term.weight * (state.weights.get(name, 1.0) if dynamic else 1.0)
        for name, term in spec.terms.items()
    }


def _overrides(spec: RewardSpec, gate: str) -> bool:
    return spec.gates[gate].mode == "override"


def _weighted(columns: Sequence[tuple[str, float, Row]], turn: int) -> Terms:
    return {
        name: weight * value for name, weight, row in columns if (value := row[turn]) is not None
    }


def _combined(combine: CombineSpec, terms: Terms) -> Terms:
    if isinstance(combine, ProductSpec):
        return {combine.kind: math.prod(terms.values())} if terms else {}
    if isinstance(combine, GeometricSpec):
        return {combine.kind: geometric_mean(*terms.values())} if terms else {}
    return terms


def geometric_mean(*values: float) -> float:
    """Return the geometric mean of the magnitudes, negative if any value is.

    >>> geometric_mean(4.0, 1.0), geometric_mean(4.0, -1.0), geometric_mean(3.0, 0.0)
    (2.0, -2.0, 0.0)
    """
    size = math.prod(abs(value) for value in values) ** (1 / len(values))
    return -size if size and min(values) < 0 else size


def _constraints(combine: LagrangianSpec, weighed: Weighed, state: RewardState) -> Terms:
    """Return for each constrained term its multiplier times its distance on the good side."""
    parts = {}
    for name, constraint in combine.constraints.items():
        multiplier = state.multipliers.get(name, constraint.start)
        value = sum([v for v in weighed.rows[name] if v is not None])
        if constraint.at_least is not None:
            distance = value - constraint.at_least
        else:
            assert constraint.at_most is not None
            distance = constraint.at_most - value
        parts[f"{name}/constraint"] = multiplier * distance
    return parts

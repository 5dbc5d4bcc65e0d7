"""What a batch adds to the state of the rewards, before and after it is composed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agentrl.episode import Episode
from agentrl.rewards.checks import RunningRates
from agentrl.rewards.cost import difficulty, scaled_cost, spent_on
from agentrl.rewards.dynamic import next_weights
from agentrl.rewards.facts import succeeded, total
from agentrl.rewards.gates import Weighed, group_rate
from agentrl.rewards.state import Numbers, RewardState, appended
from agentrl.rewards.terms import checks_of, term_rows
from agentrl.rewards.transforms import Context, transformed
from agentrl.suite.reward.combine import ConstraintSpec, DynamicSpec, LagrangianSpec
from agentrl.suite.reward.cost import LinearCost, StepCost
from agentrl.suite.reward.gates import GroupGate
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.reward.terms import ChecksTerm, TermSpec
from agentrl.suite.reward.transforms import LogSigmoidSpec, SigmoidSpec

Groups = Sequence[Sequence[Episode]]


def observed(spec: RewardSpec, groups: Groups, state: RewardState) -> RewardState:
    """Return the state with what a batch tells before its rewards are composed.

    Args:
        spec: what counts.
        groups: of episodes drawn together, none empty.
        state: what was known.
    """
    scored = sorted(filter(None, map(scored_of, groups)), key=lambda group: group[0].id)
    state = replace(state, group_success=_success_rates(spec, scored))
    state = _with_costs(spec, scored, state)
    state = _with_rates(spec, scored, state)
    return _with_references(spec, scored, state)


def scored_of(group: Sequence[Episode]) -> list[Episode]:
    """Return the episodes of a group that have a reward, in order of their ids."""
    return sorted((e for e in group if e.status.scored and e.turns), key=lambda e: e.id)


def advanced(
    spec: RewardSpec, weighed: Sequence[Sequence[Weighed]], state: RewardState
) -> RewardState:
    """Return the state with what a batch's terms teach for the next batch.

    Args:
        spec: what counts.
        weighed: the scored episodes of each group, behind the gates.
        state: as ``observed`` returned it.
    """
    state = replace(state, step=state.step + 1, group_success={})
    episodes = [one for group in weighed for one in group]
    if not episodes:
        return state
    if isinstance(spec.combine, LagrangianSpec):
        multipliers = {
            name: _multiplier(constraint, state.multipliers.get(name), _mean(name, episodes))
            for name, constraint in spec.combine.constraints.items()
        }
        return replace(state, multipliers=multipliers)
    if isinstance(spec.combine, DynamicSpec):
        given = {name: term.weight for name, term in spec.terms.items()}
        weights, front = next_weights(spec.combine, given, weighed, state)
        return replace(state, weights=weights, front=front)
    return state


def _mean(name: str, episodes: Sequence[Weighed]) -> float:
    return math.fsum(total(one.rows[name]) for one in episodes) / len(episodes)


def _multiplier(constraint: ConstraintSpec, before: float | None, mean: float) -> float:
    """Return a multiplier after one step against the violation of its constraint."""
    if constraint.at_least is not None:
        violation = constraint.at_least - mean
    else:
        assert constraint.at_most is not None
        violation = mean - constraint.at_most
    now = (constraint.start if before is None else before) + constraint.rate * violation
    return min(max(now, 0.0), constraint.most)


def _success_rates(spec: RewardSpec, groups: Groups) -> dict[str, Numbers]:
    return {
        name: tuple(group_rate(gate.fact, group) for group in groups)
        for name, gate in spec.gates.items()
        if isinstance(gate, GroupGate)
    }


def _with_costs(spec: RewardSpec, groups: Groups, state: RewardState) -> RewardState:
    windows = dict(state.windows)
    for name, cost in spec.cost.items():
        if isinstance(cost, LinearCost):
            seen = tuple(scaled_cost(cost, spent_on(cost.meter, e)) for g in groups for e in g)
            windows[name] = appended(windows.get(name, ()), seen, cost.window)
        if isinstance(cost, StepCost) and cost.per_difficulty:
            for group in groups:
                key = f"{name}/{difficulty(cost, group)}"
                seen = tuple(spent_on(cost.meter, e) for e in group if succeeded(e))
                windows[key] = appended(windows.get(key, ()), seen, cost.window)
    return replace(state, windows=windows)


def _with_rates(spec: RewardSpec, groups: Groups, state: RewardState) -> RewardState:
    rates = dict(state.rates)
    for name, term in spec.terms.items():
        if not isinstance(term, ChecksTerm) or term.weighting.rates != "running":
            continue
        rows = [row for group in groups for e in group for row in checks_of(term, e)]
        rates[name] = rates.get(name, RunningRates()).update(rows)
    return replace(state, rates=rates)


@dataclass(frozen=True, slots=True)
class _Place:
    """A centred transform in the spec, with what comes before it."""

    key: str
    name: str
    term: TermSpec
    number: int
    transform: SigmoidSpec | LogSigmoidSpec


def _places(spec: RewardSpec) -> Iterator[_Place]:
    for name, term in spec.terms.items():
        for number, transform in enumerate(term.transforms):
            if isinstance(transform, SigmoidSpec | LogSigmoidSpec):
                yield _Place(f"{name}/{number}", name, term, number, transform)


def _with_references(spec: RewardSpec, groups: Groups, state: RewardState) -> RewardState:
    """Note what centred transforms compare with: their own input, of this batch and before."""
    for place in _places(spec):
        if place.transform.reference not in ("percentile", "samples"):
            continue
        values = [(group, _inputs(place, group, state)) for group in groups]
        if place.transform.reference == "percentile":
            seen = tuple(value for _, found in values for value in found)
            window = appended(state.windows.get(place.key, ()), seen, place.transform.window)
            state = replace(state, windows={**state.windows, place.key: window})
            continue
        known: Mapping[str, Numbers] = state.references.get(place.key, {})
        for group, found in values:
            task = group[0].task_id
            kept = (*known.get(task, ()), *found)[: place.transform.samples]
            known = {**known, task: kept}
        state = replace(state, references={**state.references, place.key: known})
    return state


def _inputs(place: _Place, group: Sequence[Episode], state: RewardState) -> Numbers:
    """Return the values that a transform is given for a group."""
    rows = term_rows(place.name, place.term, group, state)
    for number, transform in enumerate(place.term.transforms[: place.number]):
        rows = transformed(transform, rows, Context(f"{place.name}/{number}", group, state))
    return tuple(value for row in rows for value in row if value is not None)

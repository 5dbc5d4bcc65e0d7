"""The ``reward`` section: terms, then transforms, gates, costs and their combination."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from agentrl.suite.reward.combine import CombineSpec, DynamicSpec, LagrangianSpec, SumSpec
from agentrl.suite.reward.condition import ConditionSpec
from agentrl.suite.reward.cost import CostSpec
from agentrl.suite.reward.gates import (
    CalibrateGate,
    GateSpec,
    GroupGate,
    MultiplyGate,
    OverrideGate,
)
from agentrl.suite.reward.labels import LabelSpec
from agentrl.suite.reward.presets import expanded
from agentrl.suite.reward.terms import FactTerm, TermSpec
from agentrl.suite.section import Section

MOST_DIMENSIONS = 8
"""Most terms whose common volume is measured."""


class RewardSpec(Section):
    """What counts, and how much: terms, transforms, gates, costs and their combination."""

    preset: str | None = None
    """A reward by the name of its paper (``agentrl rewards list``), with which what stands beside
    it is merged; it is written out in the run folder's suite."""
    labels: dict[str, LabelSpec] = {}
    """Facts that the environment cannot state, by name: judges, tournaments, progress, novelty."""
    terms: dict[str, TermSpec] = {"success": FactTerm()}
    """What counts, by name. A number is short for a fact of that name with that weight."""
    gates: dict[str, GateSpec] = {}
    """What may close, scale or replace terms, by name, applied in order."""
    cost: dict[str, CostSpec] = {}
    """What spending does to the reward, by name, applied in order."""
    combine: CombineSpec = Field(default_factory=SumSpec)
    """How a turn's terms become its reward."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        return expanded(data) if isinstance(data, Mapping) else data

    @field_validator("combine", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return {"kind": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _consistent(self) -> "RewardSpec":
        for problem in _problems(self):
            raise ValueError(problem)
        return self

    def governed(self, gate: GateSpec) -> tuple[str, ...]:
        """Return the terms and costs that a gate governs."""
        if isinstance(gate, OverrideGate):
            return (*self.terms, *self.cost)
        by_level = (
            ()
            if gate.level is None
            else (name for name, term in self.terms.items() if term.level >= gate.level)
        )
        return tuple(dict.fromkeys((*gate.closes, *by_level)))

    def level(self, name: str) -> int:
        """Return the level of a term; a cost comes after every term."""
        if name in self.terms:
            return self.terms[name].level
        return 1 + max((term.level for term in self.terms.values()), default=0)


def _problems(spec: RewardSpec) -> Iterator[str]:
    both = set(spec.terms) & (set(spec.cost) | set(spec.gates))
    if both or set(spec.cost) & set(spec.gates):
        shared = sorted(both | (set(spec.cost) & set(spec.gates)))
        yield f"terms, gates and costs need names of their own, {shared} stands twice"
    if spec.combine.kind in ("product", "geometric") and spec.combine.kind in spec.cost:
        yield f"the combined terms are called {spec.combine.kind!r}: give the cost another name"
    for name, gate in spec.gates.items():
        yield from _gate_problems(spec, name, gate)
    for name, cost in spec.cost.items():
        if cost.only_if != "always" and cost.only_if.term is not None:
            yield from _unknown(spec, f"cost {name!r}", (cost.only_if.term,), spec.terms)
    if isinstance(spec.combine, LagrangianSpec):
        yield from _unknown(spec, "combine.constraints", spec.combine.constraints, spec.terms)
        for name, constraint in spec.combine.constraints.items():
            if (constraint.at_least is None) == (constraint.at_most is None):
                yield f"combine.constraints.{name} needs either 'at_least' or 'at_most'"
    if isinstance(spec.combine, DynamicSpec):
        weighty = {name: term for name, term in spec.terms.items() if term.weight}
        yield from _unknown(spec, "combine.reference", spec.combine.reference, weighty)
        if spec.combine.by == "hypervolume" and len(weighty) > MOST_DIMENSIONS:
            yield f"the volume of {len(weighty)} terms is too costly: at most {MOST_DIMENSIONS}"


def _gate_problems(spec: RewardSpec, name: str, gate: GateSpec) -> Iterator[str]:
    if not isinstance(gate, OverrideGate):
        yield from _unknown(spec, f"gate {name!r}", gate.closes, {**spec.terms, **spec.cost})
        if isinstance(gate, MultiplyGate | CalibrateGate) and set(gate.closes) & set(spec.cost):
            costs = ", ".join(sorted(set(gate.closes) & set(spec.cost)))
            yield f"gate {name!r} changes terms, not costs ({costs}): close those by a zero gate"
        if not spec.governed(gate):
            yield f"gate {name!r} governs nothing: no term has level {gate.level} or more"
    asked = _asked(gate)
    if asked is None:
        return
    yield from _unknown(spec, f"gate {name!r}", (asked,), spec.terms)
    if isinstance(gate, OverrideGate) or asked not in spec.terms:
        return
    for closed in spec.governed(gate):
        if spec.level(asked) >= spec.level(closed):
            yield (
                f"gate {name!r} asks about term {asked!r} of level {spec.level(asked)} and closes "
                f"{closed!r} of level {spec.level(closed)}: a gate may only ask about a smaller "
                f"level than it closes; set terms.{closed}.level to {spec.level(asked) + 1}"
            )


def _asked(gate: GateSpec) -> str | None:
    """Return the term that a gate asks about, if it is one."""
    if isinstance(gate, CalibrateGate):
        return gate.by
    condition: ConditionSpec | None = getattr(gate, "when", None)
    if isinstance(gate, GroupGate) or condition is None:
        return None
    return condition.term


def _unknown(spec: RewardSpec, who: str, names: Any, known: Mapping[str, Any]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{who} names {name!r}, which is none of {', '.join(known) or 'none'}"

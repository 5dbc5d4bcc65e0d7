"""Whether an episode's reward is known as soon as it ends, or waits for its group or its batch."""

from agentrl.suite.reward.combine import DynamicSpec, LagrangianSpec
from agentrl.suite.reward.cost import BudgetCost, CostSpec, DeviationCost, LinearCost, StepCost
from agentrl.suite.reward.gates import GroupGate
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.reward.terms import ChecksTerm, TermSpec
from agentrl.suite.reward.transforms import LogSigmoidSpec, SigmoidSpec, TransformSpec, ZScoreSpec


def needs_batch(spec: RewardSpec) -> bool:
    """Return whether an episode's reward depends on more than the episode: on labels, on the other
    episodes of its group or batch, or on what was remembered."""
    return (
        bool(spec.labels)
        or isinstance(spec.combine, LagrangianSpec | DynamicSpec)
        or any(isinstance(gate, GroupGate) for gate in spec.gates.values())
        or any(map(_compares_costs, spec.cost.values()))
        or any(map(_compares_values, spec.terms.values()))
    )


def _compares_costs(cost: CostSpec) -> bool:
    if isinstance(cost, StepCost):
        return cost.per_difficulty
    return isinstance(cost, LinearCost | DeviationCost | BudgetCost)


def _compares_values(term: TermSpec) -> bool:
    if isinstance(term, ChecksTerm) and term.weighting.kind == "inverse_rate":
        return True
    return any(map(_is_relative, term.transforms))


def _is_relative(transform: TransformSpec) -> bool:
    if isinstance(transform, SigmoidSpec | LogSigmoidSpec):
        return transform.reference != "constant"
    return isinstance(transform, ZScoreSpec)

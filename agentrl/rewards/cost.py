"""What spending does to an episode's reward: a factor, and what is added on its last turn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentrl.episode import Episode
from agentrl.rewards.facts import by_turn, finite, succeeded, total
from agentrl.rewards.gates import Weighed, value_of
from agentrl.rewards.state import Numbers, RewardState
from agentrl.rewards.transforms import EQUAL, percentile, sigmoid
from agentrl.suite.reward.cost import (
    BudgetCost,
    CostSpec,
    DeviationCost,
    LinearCost,
    PlainCost,
    RatioCost,
    StepCost,
)

DIFFICULTIES = ("hard", "medium", "easy")


@dataclass(frozen=True, slots=True)
class Charge:
    """What the costs of an episode do to its reward."""

    factor: float = 1.0
    """Multiplies what the terms earn."""
    added: Mapping[str, float] = field(default_factory=dict)
    """By cost: what is added on the last turn."""


def charged(
    costs: Mapping[str, CostSpec], group: Sequence[Weighed], state: RewardState
) -> list[Charge]:
    """Return what the costs do to each episode of a group.

    Costs apply in order: a factor of a later one scales what an earlier one added too.
    """
    charges = [Charge() for _ in group]
    for name, cost in costs.items():
        shown = _shown(name, cost, group, state)
        charges = [
            charge
            if name in one.closed or not _counts(cost, one)
            else _charge(charge, name, *_effect(name, cost, one, shown, state))
            for charge, one in zip(charges, group, strict=True)
        ]
    return charges


def scaled_cost(cost: LinearCost, spent: float) -> float:
    """Return a cost on the scale on which percentiles are taken."""
    if cost.scale == "sqrt":
        return math.sqrt(max(spent, 0.0))
    return math.log1p(max(spent, 0.0)) if cost.scale == "log" else spent


def spent_on(meter: str, episode: Episode) -> float:
    """Return the sum of a meter over an episode.

    Raises:
        RewardError: it is NaN or infinite.
    """
    spent = total(by_turn(episode, meter))
    finite(spent, meter, episode)
    return spent


def difficulty(cost: StepCost, episodes: Sequence[Episode]) -> str:
    """Return whether a group's task is hard, medium or easy, by its success rate."""
    rate = sum(map(succeeded, episodes)) / max(len(episodes), 1)
    low, high = cost.bounds
    return DIFFICULTIES[(rate > low) + (rate > high)]


def budget_at(cost: BudgetCost, step: int) -> float:
    """Return the budget at a step, from 0."""
    gone = min(step / cost.steps, 1.0)
    if cost.decay == "linear":
        return cost.start + gone * (cost.end - cost.start)
    return float(cost.start * (cost.end / cost.start) ** gone)


def target_of(name: str, cost: StepCost, episodes: Sequence[Episode], state: RewardState) -> float:
    """Return the target that a group's episodes shall stay within."""
    if not cost.per_difficulty:
        return cost.target
    seen = state.windows.get(f"{name}/{difficulty(cost, episodes)}", ())
    return percentile(seen, 100 * cost.quantile) if seen else cost.target


def _shown(name: str, cost: CostSpec, group: Sequence[Weighed], state: RewardState) -> Numbers:
    """Return the numbers of a group or a window that one episode's cost is compared with."""
    episodes = [one.episode for one in group]
    if isinstance(cost, LinearCost):
        seen = state.windows.get(name) or tuple(
            scaled_cost(cost, spent_on(cost.meter, episode)) for episode in episodes
        )
        return (percentile(seen, cost.low), percentile(seen, cost.high))
    if isinstance(cost, StepCost):
        return (target_of(name, cost, episodes, state),)
    if isinstance(cost, DeviationCost):
        return tuple(spent_on(cost.meter, episode) for episode in episodes if succeeded(episode))
    return ()


def _counts(cost: CostSpec, weighed: Weighed) -> bool:
    condition = cost.only_if
    return condition == "always" or condition.holds(value_of(condition, weighed))


def _charge(before: Charge, name: str, factor: float, added: float | None) -> Charge:
    earlier = {key: factor * value for key, value in before.added.items()}
    own = {} if added is None else {name: added}
    return Charge(before.factor * factor, {**earlier, **own})


def _effect(
    name: str, cost: CostSpec, weighed: Weighed, shown: Numbers, state: RewardState
) -> tuple[float, float | None]:
    """Return a cost's factor and what it adds to one episode."""
    episode = weighed.episode
    if isinstance(cost, RatioCost):
        return _efficacy(cost, episode), None
    spent = spent_on(cost.meter, episode)
    match cost:
        case PlainCost():
            lost = cost.weight * spent
            return 1.0, -lost if cost.most is None else -min(lost, cost.most)
        case LinearCost():
            return 1 - cost.alpha, cost.alpha * _cheapness(scaled_cost(cost, spent), *shown)
        case StepCost():
            return 1.0, cost.bonus if spent <= shown[0] else 0.0
        case BudgetCost():
            return 1.0, cost.bonus * _within(cost, spent / budget_at(cost, state.step))
        case DeviationCost():
            return 1 - cost.alpha * sigmoid(_deviation(spent, shown)), None


def _efficacy(cost: RatioCost, episode: Episode) -> float:
    """Return the share of actions that did something: of the turns, or as the outcome says."""
    if cost.effective in episode.outcome:
        return finite(episode.outcome[cost.effective], cost.effective, episode) or 0.0
    row = by_turn(episode, cost.effective)
    return sum(value is not None and value >= 1 for value in row) / len(row)


def _cheapness(spent: float, low: float, high: float) -> float:
    """Return 1 for a cheap episode and 0 for a dear one; 0.5 where costs do not differ."""
    if high - low <= EQUAL:
        return 0.5
    return 1 - min(max((spent - low) / (high - low), 0.0), 1.0)


def _within(cost: BudgetCost, used: float) -> float:
    """Return the share of the bonus for using this share of the budget."""
    if used > 1:
        return max(0.0, 2 - used)
    return used if cost.shape == "triangle" else 1.0


def _deviation(spent: float, solved: Numbers) -> float:
    """Return by how many standard deviations a cost is above those of the solved episodes."""
    if not solved:
        return 0.0
    mean = math.fsum(solved) / len(solved)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in solved) / len(solved))
    return (spent - mean) / spread if spread > EQUAL else 0.0

"""The estimators whose bias is measured, and what each claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from agentrl.suite.algorithm import AdvantageSpec
from agentrl.training.advantages.consistency import consistency_advantages
from agentrl.training.advantages.estimate import turn_advantages
from agentrl.training.advantages.gae import gae
from agentrl.training.advantages.world import NODES, Path, value
from agentrl.training.sample import Trajectory


@dataclass(frozen=True, slots=True)
class Played:
    """An episode of a batch."""

    trajectory: Trajectory
    path: Path


ByToken = dict[str, tuple[float, ...]]
"""By episode id one advantage a token."""

Estimate = Callable[[Sequence[Played], Mapping[str, float]], ByToken]
"""From a batch and the greedy rewards of its groups to advantages."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """A way to estimate advantages."""

    name: str
    switches: str
    """The keys of ``train.advantage`` that make it."""
    estimate: Estimate
    claim: str | None = None
    """What the expected gradient is a multiple of 1 by: ``1``, ``n`` for (n - 1) / n in groups of
    n, ``b`` for the same in batches of b episodes. None: it is biased."""
    greedy: bool = False
    """Whether it needs greedy episodes."""

    def factor(self, group: int, batch: int) -> float | None:
        """Return by what the expected gradient is multiplied; None: it is biased."""
        shrunk = {"1": 1.0, "n": (group - 1) / group, "b": (batch - 1) / batch}
        return None if self.claim is None else shrunk[self.claim]


EXACT = {node: value(node) for node in NODES}
"""What a perfect critic says before a token."""
WRONG = {node: 0.8 * (-1) ** number for number, node in enumerate(NODES)}
"""What a critic says that has learnt nothing."""


def from_rewards(name: str, claim: str | None = None, **switches: Any) -> Estimator:
    """Return an estimator without a critic."""
    spec = AdvantageSpec(**switches)

    def estimate(played: Sequence[Played], greedy: Mapping[str, float]) -> ByToken:
        numbers = turn_advantages(spec, [one.trajectory for one in played], greedy)
        return _by_token(played, numbers)

    return Estimator(name, _shown(switches), estimate, claim, spec.baseline == "greedy")


def with_critic(
    name: str, values: Mapping[str, float], claim: str | None = None, **switches: Any
) -> Estimator:
    """Return generalised advantage estimation with a critic that says ``values``."""
    spec = AdvantageSpec(baseline="value", **switches)

    @cache
    def of(path: Path) -> tuple[float, ...]:
        return _generalised(spec, path, values)

    def estimate(played: Sequence[Played], greedy: Mapping[str, float]) -> ByToken:
        return {one.trajectory.episode_id: of(one.path) for one in played}

    return Estimator(name, _shown({"baseline": "value", **switches}), estimate, claim)


def with_consistency(name: str, **switches: Any) -> Estimator:
    """Return an estimator with COPO's global term for groups of equal rewards."""
    spec = AdvantageSpec(**switches)

    def estimate(played: Sequence[Played], greedy: Mapping[str, float]) -> ByToken:
        trajectories = [one.trajectory for one in played]
        numbers = turn_advantages(spec, trajectories)
        return _by_token(played, numbers | consistency_advantages(spec, trajectories))

    return Estimator(name, _shown(switches) + ", `sampler.equal_rewards: global`", estimate)


def _by_token(played: Sequence[Played], numbers: Mapping[str, Sequence[float]]) -> ByToken:
    return {
        one.trajectory.episode_id: tuple(
            numbers[one.trajectory.episode_id][turn] for turn in one.path.turns
        )
        for one in played
    }


def _generalised(spec: AdvantageSpec, path: Path, values: Mapping[str, float]) -> tuple[float, ...]:
    expected = [values[node] for node, _ in path.tokens]
    earned = [
        path.rewards[turn] if end else 0.0 for turn, end in zip(path.turns, path.ends, strict=True)
    ]
    if spec.credit == "turn":
        expected = [expected[path.turns.index(turn)] for turn in range(len(path.rewards))]
        earned = list(path.rewards)
    advantages = gae(
        torch.tensor(earned, dtype=torch.float64),
        torch.tensor(expected, dtype=torch.float64),
        spec.gamma,
        spec.lam,
    )[0].tolist()
    if spec.credit == "turn":
        return tuple(advantages[turn] for turn in path.turns)
    return tuple(advantages)


def _shown(switches: Mapping[str, Any]) -> str:
    return ", ".join(f"`{key}: {switch}`" for key, switch in switches.items()) or "(none)"


ESTIMATORS = (
    from_rewards("REINFORCE", "1"),
    from_rewards("REINFORCE, rewards-to-go", "1", credit="turn"),
    from_rewards("RLOO", "1", baseline="leave_one_out"),
    from_rewards("RLOO by turn", "1", baseline="leave_one_out", credit="turn"),
    from_rewards("ReMax", "1", baseline="greedy"),
    with_critic("GAE over turns, wrong values", WRONG, "1", credit="turn"),
    with_critic("GAE over tokens, wrong values", WRONG, "1", credit="token"),
    with_critic("GAE over tokens, exact values", EXACT, "1", credit="token", lam=0.8),
    from_rewards("Dr. GRPO", "n", baseline="group_mean"),
    from_rewards("Dr. GRPO by turn", "n", baseline="group_mean", credit="turn"),
    from_rewards("batch mean", "b", baseline="batch_mean"),
    from_rewards("batch mean by turn", baseline="batch_mean", credit="turn"),
    from_rewards("GRPO", baseline="group_mean", scale="group_std"),
    from_rewards("GRPO by turn", baseline="group_mean", scale="group_std", credit="turn"),
    from_rewards("REINFORCE++", baseline="batch_mean", scale="batch_std"),
    from_rewards("REINFORCE++ with group means", baseline="group_mean", scale="batch_std"),
    from_rewards("BNPO", baseline="group_mean", scale="beta"),
    with_consistency("Dr. GRPO with COPO's global term", baseline="group_mean"),
    from_rewards("RLOO by turn, discounted", baseline="leave_one_out", credit="turn", gamma=0.8),
    with_critic("GAE over turns, wrong values", WRONG, credit="turn", lam=0.8),
    with_critic("GAE over tokens, wrong values", WRONG, credit="token", lam=0.8),
)
"""First those that claim to be unbiased, perhaps up to a factor, then the others."""

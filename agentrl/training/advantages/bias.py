"""How far the gradient that an estimator gives in the mean is from the true one, exactly.

The mean is taken over every batch that can be drawn in ``world``, weighted by its probability; no
sampling is involved.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np

from agentrl.training.advantages.estimators import ESTIMATORS, Estimator, Played
from agentrl.training.advantages.world import (
    PARAMETERS,
    TASKS,
    Path,
    Vector,
    exact_gradient,
    greedy_policy,
    paths,
    scores,
)
from agentrl.training.sample import Trajectory

GROUP = 3
"""Episodes of each task in a batch."""


@dataclass(frozen=True, slots=True)
class Bias:
    """An estimator's expected gradient against the exact one."""

    length: float
    """Of the expected gradient, as a multiple of the exact one's."""
    angle: float
    """Between the two, in degrees."""
    noise: float
    """Standard deviation of a batch's gradient, as a multiple of the expected gradient's length."""
    error: float
    """Length of the difference between the expected gradient and what the estimator claims (the
    exact one, where it claims nothing), as a multiple of the exact one's."""


def bias(estimator: Estimator, group: int = GROUP) -> Bias:
    """Return how biased an estimator is with groups of ``group`` episodes of each task."""
    expected, square = _moments(estimator, group)
    exact = exact_gradient()
    claimed = estimator.factor(group, group * len(TASKS)) or 1.0
    length = float(np.linalg.norm(exact))
    own = float(np.linalg.norm(expected))
    cosine = float(expected @ exact) / (own * length)
    return Bias(
        length=own / length,
        angle=math.degrees(math.acos(min(1.0, max(-1.0, cosine)))),
        noise=math.sqrt(max(0.0, square - own**2)) / own,
        error=float(np.linalg.norm(expected - claimed * exact)) / length,
    )


def bias_table() -> str:
    """Return the measured bias of every estimator as a Markdown table."""
    lines = [
        "| estimator | switches | claims | length | angle | noise |",
        "|---|---|---|---|---|---|",
    ]
    says = {"1": "unbiased", "n": "times (n - 1) / n", "b": "times (b - 1) / b", None: "biased"}
    for one in ESTIMATORS:
        measured = bias(one)
        lines.append(
            f"| {one.name} | {one.switches} | {says[one.claim]} | {measured.length:.3f} "
            f"| {measured.angle:.1f}° | {measured.noise:.1f} |"
        )
    return "\n".join(lines) + "\n"


def _moments(estimator: Estimator, group: int) -> tuple[Vector, float]:
    """Return the expected gradient and the expected square of its length."""
    expected, square = np.zeros(PARAMETERS), 0.0
    weights = [scores(path) for task in TASKS for path in paths(task)]
    known = dict(zip((path for task in TASKS for path in paths(task)), weights, strict=True))
    greedy = list(_greedy_rewards()) if estimator.greedy else [(1.0, {})]
    for probability, batch in _batches(group):
        for chance, rewards in greedy:
            advantages = estimator.estimate(batch, rewards)
            gradient = np.zeros(PARAMETERS)
            for one in batch:
                gradient += np.array(advantages[one.trajectory.episode_id]) @ known[one.path]
            gradient /= len(batch)
            expected += probability * chance * gradient
            square += probability * chance * float(gradient @ gradient)
    return expected, square


def _batches(group: int) -> Iterator[tuple[float, list[Played]]]:
    """Yield every batch with its probability; the order within a group does not count."""
    for groups in product(*(_groups(task, group) for task in TASKS)):
        yield (
            math.prod(probability for probability, _ in groups),
            [
                Played(Trajectory(f"{task}#{number}", task, path.rewards), path)
                for task, (_, members) in zip(TASKS, groups, strict=True)
                for number, path in enumerate(members)
            ],
        )


def _groups(task: str, size: int) -> list[tuple[float, Sequence[Path]]]:
    return [
        (_orders(members) * math.prod(path.probability for path in members), members)
        for members in combinations_with_replacement(paths(task), size)
    ]


def _orders(members: Sequence[Path]) -> int:
    repeated = math.prod(math.factorial(count) for count in Counter(members).values())
    return math.factorial(len(members)) // repeated


def _greedy_rewards() -> Iterator[tuple[float, Mapping[str, float]]]:
    """Yield what greedy episodes of the tasks may earn, which is a matter of chance too."""
    for drawn in product(*(paths(task, greedy_policy()) for task in TASKS)):
        rewards = {task: sum(path.rewards) for task, path in zip(TASKS, drawn, strict=True)}
        yield math.prod(path.probability for path in drawn), rewards

"""Weights that are learnt: by the front of what was reached, or by how terms agree.

Both follow arXiv 2509.11452, with multiplicative updates that keep the weights positive and their
mean at 1.
"""

import math
from collections.abc import Mapping, Sequence

from agentrl.rewards.facts import total
from agentrl.rewards.gates import Weighed
from agentrl.rewards.state import Numbers, RewardState
from agentrl.suite.reward.combine import DynamicSpec


def next_weights(
    spec: DynamicSpec,
    names: Sequence[str],
    weighed: Sequence[Sequence[Weighed]],
    state: RewardState,
) -> tuple[dict[str, float], tuple[Numbers, ...]]:
    """Return the weights for the next batch, and the front that it is measured against.

    Args:
        spec: how they are learnt.
        names: of the terms.
        weighed: the scored episodes of each group of the batch; at least one in all.
        state: the weights and the front so far.
    """
    old = {name: state.weights.get(name, 1.0) for name in names}
    means = _means(names, weighed)
    if spec.by == "hypervolume":
        pushes, front = _pushes(means, state.front)
    else:
        pushes, front = agreements(names, weighed), state.front
    grown = {
        name: old[name] * math.exp(spec.rate * push)
        for name, push in zip(names, pushes, strict=True)
    }
    return _normalised(grown, spec.floor), front


def _means(names: Sequence[str], weighed: Sequence[Sequence[Weighed]]) -> Numbers:
    episodes = [one for group in weighed for one in group]
    return tuple(
        math.fsum(total(one.rows[name]) for one in episodes) / len(episodes) for name in names
    )


def _pushes(means: Numbers, front: tuple[Numbers, ...]) -> tuple[Numbers, tuple[Numbers, ...]]:
    """Return how far each term's mean is above the best of the front, if the batch extends it."""
    if any(all(f >= m for f, m in zip(one, means, strict=True)) for one in front):
        return (0.0,) * len(means), front
    kept = [one for one in front if not all(m >= f for m, f in zip(means, one, strict=True))]
    if not front:
        return (0.0,) * len(means), (means,)
    best = [max(column) for column in zip(*front, strict=True)]
    return tuple(max(0.0, m - b) for m, b in zip(means, best, strict=True)), (*kept, means)


def agreements(names: Sequence[str], weighed: Sequence[Sequence[Weighed]]) -> Numbers:
    """Return by term how its group-centred values agree with the sum of all, from -1 to 1.

    A term's policy gradient is the mean of its advantages times the score of the episodes. Where
    scores of different episodes are as good as orthogonal, the inner product of two gradients is
    proportional to that of the advantages, which needs no gradient.
    """
    columns = {name: _centred(name, weighed) for name in names}
    whole = [math.fsum(values) for values in zip(*columns.values(), strict=True)]
    return tuple(_cosine(columns[name], whole) for name in names)


def _centred(name: str, weighed: Sequence[Sequence[Weighed]]) -> list[float]:
    values: list[float] = []
    for group in weighed:
        own = [total(one.rows[name]) for one in group]
        mean = math.fsum(own) / len(own) if own else 0.0
        values += [value - mean for value in own]
    return values


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    size = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(x * x for x in b))
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / size if size > 1e-12 else 0.0


def _normalised(weights: Mapping[str, float], floor: float) -> dict[str, float]:
    """Return weights with mean 1, none of which has a smaller share of it than ``floor``."""
    mean = math.fsum(weights.values()) / len(weights)
    return {name: floor + (1 - floor) * weight / mean for name, weight in weights.items()}

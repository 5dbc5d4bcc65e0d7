"""Weights that are learnt: by the volume reached, or by how terms agree (arXiv 2509.11452)."""

import math
from collections.abc import Mapping, Sequence

from agentrl.rewards.facts import total
from agentrl.rewards.gates import Weighed
from agentrl.rewards.hypervolume import exclusive, nondominated
from agentrl.rewards.state import Numbers, RewardState
from agentrl.suite.reward.combine import DynamicSpec

Weights = Mapping[str, float]


def next_weights(
    spec: DynamicSpec, given: Weights, weighed: Sequence[Sequence[Weighed]], state: RewardState
) -> tuple[dict[str, float], tuple[Numbers, ...]]:
    """Return the weights for the next batch, and the front that it is measured against.

    Args:
        spec: how they are learnt.
        given: by term, the weight in the spec; learnt ones are relative to it.
        weighed: the scored episodes of each group of the batch; at least one in all.
        state: the weights and the front so far.
    """
    if spec.by == "hypervolume":
        factor, front = pushed(spec, given, weighed, state.front)
        return dict.fromkeys(given, factor), front
    grown = {
        name: state.weights.get(name, 1.0) * math.exp(spec.rate * agreement)
        for name, agreement in agreements(given, weighed).items()
    }
    return _normalised(grown, spec.floor), state.front


def pushed(
    spec: DynamicSpec,
    given: Weights,
    weighed: Sequence[Sequence[Weighed]],
    front: tuple[Numbers, ...],
) -> tuple[float, tuple[Numbers, ...]]:
    """Return the factor on the next batch's reward, and the front with this batch in it.

    The factor is ``base + gain * tanh(volume)``: the volume that the batch's mean terms add to what
    the front dominates, measured from the reference point, which is the first of the front.

    Args:
        spec: base, gain, reference point and the most points of the front.
        given: by term, the weight in the spec: a term of a negative one counts the other way round,
            and one without weight does not count.
        weighed: the scored episodes of each group of the batch.
        front: of the batches before; empty at first.
    """
    signs = {name: math.copysign(1.0, weight) for name, weight in given.items() if weight}
    means = {name: sign * _mean(name, weighed) for name, sign in signs.items()}
    if not front:
        start = {name: signs[name] * value for name, value in spec.reference.items()}
        front = (tuple(start.get(name, mean) for name, mean in means.items()),)
    reference, *before = front
    here = tuple(means.values())
    points = nondominated([*before, here], reference)
    while len(points) > spec.points:
        points.remove(min(points, key=lambda p: _alone(p, points, reference)))
    gained = exclusive(here, before, reference)
    return spec.base + spec.gain * math.tanh(gained), (reference, *points)


def _alone(point: Numbers, points: Sequence[Numbers], reference: Numbers) -> float:
    return exclusive(point, [other for other in points if other != point], reference)


def _mean(name: str, weighed: Sequence[Sequence[Weighed]]) -> float:
    values = [total(one.rows[name]) for group in weighed for one in group]
    return math.fsum(values) / len(values)


def agreements(given: Weights, weighed: Sequence[Sequence[Weighed]]) -> dict[str, float]:
    """Return by term how its group-centred values agree with the reward's, from -1 to 1.

    A term's policy gradient is the mean of its advantages times the score of the episodes. Where
    scores of different episodes are as good as orthogonal, the inner product of two gradients is
    proportional to that of the advantages, which needs no gradient.

    Args:
        given: by term, its weight.
        weighed: the scored episodes of each group of the batch.
    """
    columns = {name: _centred(name, weight, weighed) for name, weight in given.items()}
    whole = [math.fsum(values) for values in zip(*columns.values(), strict=True)]
    return {name: _cosine(column, whole) for name, column in columns.items()}


def _centred(name: str, weight: float, weighed: Sequence[Sequence[Weighed]]) -> list[float]:
    values: list[float] = []
    for group in weighed:
        own = [weight * total(one.rows[name]) for one in group]
        mean = math.fsum(own) / len(own) if own else 0.0
        values += [value - mean for value in own]
    return values


def _cosine(a: Sequence[float], b: Sequence[float]) -> float:
    size = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(x * x for x in b))
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / size if size > 1e-12 else 0.0


def _normalised(weights: Weights, floor: float) -> dict[str, float]:
    """Return weights with mean 1, none of which has a smaller share of it than ``floor``."""
    mean = math.fsum(weights.values()) / len(weights)
    return {name: floor + (1 - floor) * weight / mean for name, weight in weights.items()}

"""Bounding, centring and reshaping the values of one term over a group."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agentrl.episode import Episode
from agentrl.rewards.checks import tiered
from agentrl.rewards.facts import Row
from agentrl.rewards.state import Numbers, RewardState
from agentrl.suite.reward.transforms import (
    CapSpec,
    ClipSpec,
    DeltaSpec,
    DifferenceSpec,
    LogSigmoidSpec,
    PotentialSpec,
    ScaleSpec,
    SigmoidSpec,
    TiersSpec,
    TransformSpec,
    ZScoreSpec,
)

EQUAL = 1e-9
"""A spread of less counts as none."""

Centred = SigmoidSpec | LogSigmoidSpec


@dataclass(frozen=True, slots=True)
class Context:
    """What a transform may look at beside the values."""

    key: str
    """Names the transform's place in the spec: what it remembers goes by it."""
    episodes: Sequence[Episode] = ()
    """The scored episodes of the group, all of one task, one a row."""
    state: RewardState = field(default_factory=RewardState)


def transformed(spec: TransformSpec, rows: Sequence[Row], context: Context) -> list[Row]:
    """Return the rows of a group after one transform; what is not stated stays so."""
    match spec:
        case DeltaSpec():
            return [_delta(row) for row in rows]
        case DifferenceSpec():
            return [_steps(row, spec.start) for row in rows]
        case PotentialSpec():
            return [_potential(row, spec.gamma, spec.start) for row in rows]
        case ZScoreSpec():
            return _zscore(rows)
        case SigmoidSpec() | LogSigmoidSpec():
            return _centred(spec, rows, context)
        case _:
            return [_each(row, _pointwise(spec)) for row in rows]


def _pointwise(
    spec: ScaleSpec | ClipSpec | CapSpec | TiersSpec,
) -> Callable[[float], float]:
    match spec:
        case ScaleSpec():
            return lambda value: spec.factor * value + spec.offset
        case CapSpec():
            return lambda value: min(value - spec.eta, 0.0)
        case ClipSpec():
            low = -math.inf if spec.low is None else spec.low
            high = math.inf if spec.high is None else spec.high
            return lambda value: min(max(value, low), high)
    return lambda value: tiered(value, spec.tiers)


def _each(row: Row, function: Callable[[float], float]) -> Row:
    return tuple([None if value is None else function(value) for value in row])


def _stated(row: Row) -> list[int]:
    return [turn for turn, value in enumerate(row) if value is not None]


def _delta(row: Row) -> Row:
    """Return v_t - v_(t+1) over the turns that state a value; the last turn but one keeps its own.

    The last turn is where the outcome counts, so a process value there earns nothing.
    """
    turns = _stated(row)
    result: list[float | None] = list(row)
    ahead = 0.0
    for turn in reversed(turns):
        value = row[turn]
        assert value is not None
        if turn == len(row) - 1:
            result[turn] = 0.0
            continue
        result[turn] = value - ahead
        ahead = value
    return tuple(result)


def _steps(row: Row, start: float) -> Row:
    result: list[float | None] = []
    before = start
    for value in row:
        result.append(None if value is None else value - before)
        before = before if value is None else value
    return tuple(result)


def _potential(row: Row, gamma: float, start: float) -> Row:
    """Return gamma * v_t - v_(t-1); a turn that states no value keeps the one before it."""
    result: list[float | None] = []
    before = start
    for turn, value in enumerate(row):
        here = before if value is None else value
        after = 0.0 if turn == len(row) - 1 else here
        result.append(gamma * after - before)
        before = here
    return tuple(result) if any(value is not None for value in row) else row


def _zscore(rows: Sequence[Row]) -> list[Row]:
    values = [value for row in rows for value in row if value is not None]
    if not values:
        return list(rows)
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    scale = 1 / spread if spread > EQUAL else 0.0
    return [_each(row, lambda value: scale * (value - mean)) for row in rows]


def _centred(spec: Centred, rows: Sequence[Row], context: Context) -> list[Row]:
    squash = sigmoid if isinstance(spec, SigmoidSpec) else log_sigmoid
    squashed = _mean_over(squash, spec.steepness, _references(spec, rows, context))
    return [_each(row, squashed) for row in rows]


def _mean_over(
    squash: Callable[[float], float], steepness: float, references: Numbers
) -> Callable[[float], float]:
    return lambda value: (
        math.fsum(squash(steepness * (value - r)) for r in references) / len(references)
    )


def _references(spec: Centred, rows: Sequence[Row], context: Context) -> Numbers:
    """Return what the values of a group are compared with."""
    if spec.reference == "constant":
        return (spec.centre,)
    here = tuple(sorted(value for row in rows for value in row if value is not None)) or (0.0,)
    if spec.reference == "group_mean":
        return (math.fsum(here) / len(here),)
    if spec.reference == "percentile":
        return (percentile(context.state.windows.get(context.key) or here, spec.percentile),)
    task = context.episodes[0].task_id if context.episodes else ""
    return context.state.references.get(context.key, {}).get(task) or here


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile, from 0 to 100, with linear interpolation.

    >>> percentile([3.0, 1.0], 50)
    2.0
    """
    ordered = sorted(values)
    place = share / 100 * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-value)) without overflow.

    >>> sigmoid(0.0), sigmoid(-1e4), sigmoid(1e4)
    (0.5, 0.0, 1.0)
    """
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    power = math.exp(value)
    return power / (1 + power)


def log_sigmoid(value: float) -> float:
    """Return log sigmoid(value) without overflow.

    >>> round(log_sigmoid(0.0), 4), log_sigmoid(-1e4)
    (-0.6931, -10000.0)
    """
    return min(value, 0.0) - math.log1p(math.exp(-abs(value)))

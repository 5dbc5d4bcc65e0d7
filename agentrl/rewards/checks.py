"""What the single checks of a turn weigh: unit tests, milestones, details of an answer.

A check is a fact such as ``test_3``, from 0 to 1, on one turn. Every function here is pure and
takes plain mappings from a check's name to a number.
"""

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentrl.errors import UsageError, nearest


def weighted_score(checks: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the sum of the checks, each times its weight; one without a weight counts nothing.

    With weights of VeRPO (arXiv 2601.03525) it is the reward of a turn.

    >>> weighted_score({"test_1": 1.0, "test_2": 0.0}, {"test_1": 0.25, "test_2": 0.75})
    0.25
    """
    return math.fsum(weights[name] * value for name, value in checks.items() if name in weights)


def static_weights(
    names: Iterable[str], given: Mapping[str, float] | None = None, *, normalise: bool = True
) -> dict[str, float]:
    """Return weights that do not change: the given ones, and 1 for a check without one.

    Args:
        names: the checks.
        given: weights by name.
        normalise: whether they are scaled to sum to 1.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    known = given or {}
    return _scaled({name: _weight(name, known.get(name, 1.0)) for name in names}, normalise)


def pass_rates(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each check over the rows that state it.

    VeRPO takes one row for each turn of each episode of a group.

    >>> pass_rates([{"a": 1.0, "b": 0.0}, {"a": 0.0}])
    {'a': 0.5, 'b': 0.0}
    """
    return RunningRates().update(rows).rates()


def inverse_rate_weights(
    rates: Mapping[str, float],
    *,
    alpha: float = 2.0,
    sigma: float = 0.1,
    delta: float = 1e-3,
    normalise: bool = False,
) -> dict[str, float]:
    r"""Return VeRPO's weights: much for a check that is seldom passed and has few like it.

    .. math:: w_j = \frac{\exp(-\alpha \rho_j)}{N(\rho_j) + \delta}, \quad
       N(\rho_j) = \sum_{j'} \exp(-(\rho_j - \rho_{j'})^2 / 2 \sigma^2)

    From arXiv 2601.03525. Its values of the three parameters are not known to us: the defaults are
    our choice. N is at least 1, the check itself, so nothing divides by zero.

    Args:
        rates: how often each check is passed, from 0 to 1.
        alpha: how much more a hard check weighs; 0 leaves only the density.
        sigma: how near two rates count as alike.
        delta: keeps the density from 0.
        normalise: whether the weights are scaled to sum to 1.

    Raises:
        UsageError: a parameter or a rate is out of its range.
    """
    if not (alpha >= 0 and sigma > 0 and delta >= 0):
        raise UsageError(
            f"alpha is {alpha}, sigma {sigma}, delta {delta}; expected alpha and delta of at "
            f"least 0 and sigma above 0"
        )
    for name, rate in rates.items():
        if not 0 <= rate <= 1:
            raise UsageError(f"the rate of {name!r} is {rate}, expected 0 to 1")
    weights = {
        name: math.exp(-alpha * rate) / (_density(rate, rates.values(), sigma) + delta)
        for name, rate in rates.items()
    }
    return _scaled(weights, normalise)


@dataclass(frozen=True, slots=True)
class RunningRates:
    """How often each check was passed so far in training, as plain counts.

    ::

        seen = RunningRates().update(rows)
        weights = inverse_rate_weights(seen.rates())
    """

    passed: Mapping[str, float] = field(default_factory=dict)
    """Sum of the check's values."""
    stated: Mapping[str, float] = field(default_factory=dict)
    """How often it was stated."""

    def update(self, rows: Iterable[Mapping[str, float]], *, keep: float = 1.0) -> "RunningRates":
        """Return the counts with further rows.

        Args:
            rows: the checks of one turn each.
            keep: what the counts of before are multiplied by; below 1 they fade.

        Raises:
            UsageError: ``keep`` is not in 0 to 1.
        """
        if not 0 <= keep <= 1:
            raise UsageError(f"keep is {keep}, expected 0 to 1")
        passed = {name: keep * count for name, count in self.passed.items()}
        stated = {name: keep * count for name, count in self.stated.items()}
        for row in rows:
            for name, value in row.items():
                passed[name] = passed.get(name, 0.0) + value
                stated[name] = stated.get(name, 0.0) + 1.0
        return RunningRates(passed, stated)

    def rates(self) -> dict[str, float]:
        """Return the rate of each check that was stated, from 0 to 1."""
        return {
            name: min(1.0, max(0.0, self.passed.get(name, 0.0) / count))
            for name, count in self.stated.items()
            if count > 0
        }

    def to_plain(self) -> dict[str, dict[str, float]]:
        """Return the counts as a checkpoint holds them."""
        return {"passed": dict(self.passed), "stated": dict(self.stated)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "RunningRates":
        """Return what ``to_plain`` gave.

        Raises:
            UsageError: it is nothing of the kind.
        """
        try:
            parts = [{str(k): float(v) for k, v in plain[p].items()} for p in ("passed", "stated")]
        except (KeyError, AttributeError, TypeError, ValueError):
            raise UsageError(
                f"running rates are {str(plain)[:80]}, expected 'passed' and 'stated' with a "
                f"number for each check"
            ) from None
        return cls(*parts)


def difficulty_weights(
    names: Iterable[str], labels: Sequence[str], table: Mapping[str, float]
) -> dict[str, float]:
    """Return the same weight for every detail of a task: the sum over the task's labels.

    RewardMap (arXiv 2510.02240) scales what the details of an answer earn by the difficulty of the
    task, and adds one weight of the map to one of the question; hence several labels. The values
    are not known to us, so ``table`` has no default.

    Args:
        names: the details.
        labels: the task's labels, such as ``["hard"]`` or ``["map/hard", "question/easy"]``.
        table: the weight of each label.

    Raises:
        UsageError: a label is not in the table, or a weight is negative or not finite.
    """
    total = 0.0
    for label in labels:
        if label not in table:
            known = nearest(label, table) or f"; known: {', '.join(table) or 'none'}"
            raise UsageError(f"no weight for the difficulty {label!r}{known}")
        total += _weight(label, table[label])
    return dict.fromkeys(names, total)


def amplified_tiers(count: int = 4, ratio: float = 2.0) -> tuple[tuple[float, float], ...]:
    """Return tiers of equal width whose steps grow by ``ratio``, from 0 to 1.

    SSL (arXiv 2601.22491) reports four tiers as best for scores that are shares, cut at the
    quarters; how much more each is worth is not known to us: doubling the step is our choice. One
    tier is the plain 0 or 1.

    >>> amplified_tiers(2)
    ((0.5, 0.3333333333333333), (1.0, 1.0))

    Raises:
        UsageError: there is no tier, or the steps do not grow.
    """
    if count < 1 or not 1 <= ratio < math.inf:
        raise UsageError(f"{count} tiers with ratio {ratio}: expected at least 1 of each")
    steps = [ratio ** (n - count) for n in range(1, count + 1)]
    heights = [math.fsum(steps[:n]) / math.fsum(steps) for n in range(1, count + 1)]
    return tuple((n / count, height) for n, height in enumerate(heights, 1))


def tiered(score: float, tiers: Sequence[tuple[float, float]]) -> float:
    """Return the value of the highest tier that a score reaches; 0 below the first.

    The order of scores is kept, as SSL (arXiv 2601.22491) asks: a higher score is never worth less.

    Args:
        score: from 0 to 1, or whatever the tiers are in.
        tiers: pairs of the least score and its value, both rising from 0 on.

    Raises:
        UsageError: the tiers do not rise, or a number is none.
    """
    if math.isnan(score):
        raise UsageError("the score of a tiered check is not a number")
    before, value = -math.inf, 0.0
    reached = 0.0
    for least, worth in tiers:
        if not (least > before and worth >= value):
            raise UsageError(
                f"the tiers {list(tiers)} do not rise: each least score must be above "
                f"the one before, and its value not below"
            )
        before, value = least, worth
        reached = worth if score >= least else reached
    return reached


def over_enumeration(
    chosen: Collection[Hashable],
    reference: Collection[Hashable],
    universe: Collection[Hashable] | None = None,
) -> float:
    """Return how much was chosen that is wrong, from 0 to 1.

    It is the share of the wrong options that were chosen, or, where the options are not listed,
    the number of wrong ones over the number of right ones, at most 1. STAR-R1 (arXiv 2505.15804)
    punishes guessing everything; its formula is not known to us, and this one is our choice:
    with it, recall minus over-enumeration is 0 for choosing all of the listed options, and 0 on
    average for choosing any at random.
    """
    wanted = set(reference)
    extra = len(set(chosen) - wanted)
    most = max(len(wanted), 1) if universe is None else len(set(universe) - wanted)
    return min(1.0, extra / max(most, 1))


def inaction(chosen: Collection[Hashable], reference: Collection[Hashable]) -> float:
    """Return 1 where nothing was chosen though something should have been, else 0.

    STAR-R1 (arXiv 2505.15804) punishes too few answers. Punishing each missing one, though, pays
    for filling up with guesses, so only silence counts here: our choice.
    """
    return float(bool(reference) and not chosen)


def recall(chosen: Collection[Hashable], reference: Collection[Hashable]) -> float:
    """Return the share of the reference that was chosen; of nothing, 1 if nothing was chosen."""
    wanted = set(reference)
    return len(wanted & set(chosen)) / len(wanted) if wanted else float(not chosen)


def set_score(
    chosen: Collection[Hashable],
    reference: Collection[Hashable],
    universe: Collection[Hashable] | None = None,
    *,
    enumeration_weight: float = 1.0,
    inaction_weight: float = 1.0,
) -> float:
    """Return what a chosen set is worth, from -1 to 1: recall minus the two penalties.

    With weights of at least 1, neither guessing all listed options nor saying nothing is worth
    more than 0, where there is something to choose and something not to.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    penalty = _weight("over-enumeration", enumeration_weight) * over_enumeration(
        chosen, reference, universe
    ) + _weight("inaction", inaction_weight) * inaction(chosen, reference)
    return max(-1.0, min(1.0, recall(chosen, reference) - penalty))


def _density(rate: float, rates: Iterable[float], sigma: float) -> float:
    return math.fsum(math.exp(-(((rate - other) / sigma) ** 2) / 2) for other in rates)


def _scaled(weights: dict[str, float], normalise: bool) -> dict[str, float]:
    total = math.fsum(weights.values())
    if not normalise or total <= 0:
        return weights
    return {name: weight / total for name, weight in weights.items()}


def _weight(name: str, weight: float) -> float:
    if not 0 <= weight < math.inf:
        raise UsageError(f"the weight of {name!r} is {weight}, expected a number of at least 0")
    return float(weight)

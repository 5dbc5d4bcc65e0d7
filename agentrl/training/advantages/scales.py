"""What a difference from the baseline is divided by."""

from collections.abc import Callable, Collection
from itertools import chain

from agentrl.training.advantages.baselines import Groups
from agentrl.training.advantages.beta import fitted, unit_scores
from agentrl.training.advantages.scores import EQUAL, Rows, columns, deviation, mean

EPSILON = 1e-6
"""Added to standard deviations, as verl does; TRL adds 1e-4."""


def over_group_deviation(differences: Rows, rows: Rows, groups: Groups) -> Rows:
    """Return the differences over the standard deviation of the group's scores at the same turn.

    Where these do not differ there is nothing to learn, and the result is 0.
    """
    result: Rows = {}
    for members in groups.values():
        factors = [_inverse(deviation(column)) for column in columns(rows, members)]
        for name in members:
            pairs = zip(differences[name], factors, strict=False)
            result[name] = tuple(difference * factor for difference, factor in pairs)
    return result


def over_batch_deviation(differences: Rows, alone: Collection[str]) -> Rows:
    """Return the differences over their standard deviation in the whole batch.

    Args:
        differences: scores less their baseline.
        alone: episodes whose difference says nothing, and so does not count.
    """
    counted = chain.from_iterable(row for name, row in differences.items() if name not in alone)
    factor = _inverse(deviation(list(counted)))
    return _times(differences, lambda name: factor)


def over_beta_density(rows: Rows, groups: Groups) -> Rows:
    """Return BNPO's advantages (arXiv 2506.02864): (r - p) / Beta(p; alpha, beta).

    ``r`` is the episode's reward as a number from 0 to 1, ``p`` its group's mean, and the density
    is fitted to the batch's means. Groups of one episode do not count in the fit.
    """
    units = unit_scores(rows)
    rates = {group: mean([units[name][0] for name in names]) for group, names in groups.items()}
    density = fitted([rates[group] for group, names in groups.items() if len(names) > 1])
    return {
        name: (density.weight(rates[group]) * (units[name][0] - rates[group]),)
        for group, names in groups.items()
        for name in names
    }


def without(differences: Rows, alone: Collection[str]) -> Rows:
    """Return the differences with 0 for the episodes ``alone``."""
    return _times(differences, lambda name: 0.0 if name in alone else 1.0)


def _inverse(spread: float) -> float:
    return 1.0 / (spread + EPSILON) if spread > EQUAL else 0.0


def _times(rows: Rows, factor: Callable[[str], float]) -> Rows:
    return {name: tuple(value * factor(name) for value in row) for name, row in rows.items()}

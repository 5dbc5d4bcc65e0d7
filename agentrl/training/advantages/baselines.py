"""What was expected: from scores to how far each lies above a baseline."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from agentrl.training.advantages.scores import Rows, columns, mean

Groups = Mapping[str, Sequence[str]]
"""Episode ids by group id."""


def above_constant(rows: Rows, centre: float) -> Rows:
    """Return the scores less a number that is the same for all (REINFORCE)."""
    return {name: tuple(score - centre for score in row) for name, row in rows.items()}


def above_group_mean(rows: Rows, groups: Groups) -> Rows:
    """Return the scores less the group's mean at the same turn.

    The mean contains the episode itself, which shrinks the expected gradient by (n - 1) / n for a
    group of n, and leaves its direction.
    """
    return _compared(rows, groups, lambda size: 1.0)


def above_the_others(rows: Rows, groups: Groups) -> Rows:
    """Return the scores less the mean of the group's other episodes at the same turn.

    That baseline does not depend on the episode, so the gradient is unbiased. An episode without
    others has nothing to be compared with and gets 0.
    """
    return _compared(rows, groups, lambda size: size / (size - 1) if size > 1 else 0.0)


def above_batch_mean(rows: Rows, groups: Groups) -> Rows:
    """Return the scores less the mean of all scores of the batch, over all of its turns."""
    scores = list(chain.from_iterable(rows.values()))
    return above_constant(rows, mean(scores) if scores else 0.0)


def above_greedy(rows: Rows, groups: Groups, greedy: Mapping[str, float]) -> Rows:
    """Return the scores less the reward of the group's greedy episode (ReMax)."""
    return {
        name: tuple(score - greedy[group] for score in rows[name])
        for group, members in groups.items()
        for name in members
    }


def _compared(rows: Rows, groups: Groups, factor: Callable[[int], float]) -> Rows:
    """Return ``factor(n) * (score - mean)``; n / (n - 1) takes the episode out of the mean."""
    result: Rows = {}
    for members in groups.values():
        times = factor(len(members))
        centres = [mean(column) for column in columns(rows, members)]
        for name in members:
            pairs = zip(rows[name], centres, strict=False)
            result[name] = tuple(times * (score - centre) for score, centre in pairs)
    return result

"""How far apart two rewards are, whatever their scale: an estimate in the manner of STARC."""

import math
from collections.abc import Hashable, Sequence

from agentrl.rewards.diagnose.correlation import centred
from agentrl.rewards.transforms import EQUAL


def starc_distance(
    left: Sequence[float], right: Sequence[float], starts: Sequence[Hashable]
) -> float | None:
    """Return the distance of two rewards from 0 (they rank alike) to 1 (they are opposite).

    STARC (arXiv 2309.15257) brings both rewards into a canonical form that potential shaping does
    not change, divides each by its norm, and measures how far apart they are. With the dynamics
    known, its canonical form is value-adjusted levelling. From records we estimate it so:

    - *canonical form*: of each episode the undiscounted return, less the mean return of the
      episodes that began in the same place (task and seed). The terms of a potential cancel along
      an episode but for its first, which is the same for all that began there, and its last, which
      is 0 by definition; so shaping is removed, and so is any constant a start.
    - *norm*: the Euclidean one, over all episodes.
    - *distance*: half the Euclidean distance of the normed forms; with c the cosine of the two it
      is ``sqrt((1 - c) / 2)``, 0.71 for rewards that have nothing to do with each other. A reward
      that never differs has the form 0, as in the paper: it is 0.5 from every other and 0 from
      its like.

    What follows: two rewards that pay the same sum on other turns are at distance 0, and what the
    recorded episodes never did is not compared. Shaping of episodes that a limit cut off adds the
    potential of their last state, which does not cancel.

    Args:
        left: returns of the episodes by one reward.
        right: by the other, in the same order.
        starts: where each began.

    Returns:
        The distance; None where no two episodes began in the same place.
    """
    if len(set(starts)) == len(starts):
        return None
    a, b = canonical(left, starts), canonical(right, starts)
    return min(1.0, 0.5 * math.hypot(*(x - y for x, y in zip(a, b, strict=True))))


def canonical(returns: Sequence[float], starts: Sequence[Hashable]) -> list[float]:
    """Return the canonical form: returns less the mean of their start, at length 1, or all 0.

    A form that is nothing but rounding is taken for 0.
    """
    moved = centred(returns, starts)
    largest = max(map(abs, moved), default=0.0)
    if largest <= EQUAL * max(1.0, *map(abs, returns)):
        return [0.0] * len(moved)
    moved = [value / largest for value in moved]  # else the square of a tiny number vanishes
    size = math.hypot(*moved)
    return [value / size for value in moved]

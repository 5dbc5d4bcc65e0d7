"""How far a game is won, from which the signal ``progress`` is made.

The Practitioner's Guide turns TextWorld's intermediate reward (+1 for a step that shortens the
winning plan, -1 for one that lengthens it or loses) into a sum of at most 1 by dividing by what an
episode collected in all, which is known only when it is over. Here the plan's length itself is
used: the standing is the part of the first plan that is no longer needed, and progress is its
change. That has the sign of the intermediate reward, needs no look ahead, and cannot be earned
twice by walking to and fro: over an episode it sums to the last standing, 1 in a won game.
"""

import math

from agentrl.envs.text.textworld.turn import Opening, Turn


def standing(opening: Opening, turn: Turn) -> float:
    """Return 1 for a won game, 0 for one at its beginning or lost, at most 1 between.

    It is below 0 where more commands are needed now than at the beginning, and 0 where the quest
    has become impossible. A game for which TextWorld has no plan is judged by its points.
    """
    if turn.won or turn.lost:
        return float(turn.won)
    if opening.turn.plan is None:
        return part_of_points(opening, turn.score)
    if turn.plan is None:
        return 0.0
    return 1.0 - len(turn.plan) / len(opening.turn.plan)


def part_of_points(opening: Opening, points: float) -> float:
    """Return ``points`` as a part of all points of the game; 0 where they have no end."""
    if opening.max_score > 0 and math.isfinite(opening.max_score):
        return points / opening.max_score
    return 0.0

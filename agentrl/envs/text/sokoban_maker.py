"""Making Sokoban levels that can be solved, by playing backwards from the end."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from agentrl.envs.text.sokoban_level import DIRECTIONS, Board, Level, Position, squares
from agentrl.envs.text.sokoban_solver import solve
from agentrl.errors import TaskError

_ROOMS = 40
"""How many rooms are tried before the demands count as impossible."""
_LAYER = 200
"""How many positions of the same depth are followed backwards."""
_SEARCH = 10_000
"""How many positions the solver may look at to confirm a level."""
_WALLS = 0.2
"""Share of the inner squares that become walls."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a level must be like."""

    rows: int
    cols: int
    boxes: int
    min_pushes: int
    """Fewest pushes that the best solution may take."""


@lru_cache(maxsize=4096)
def make_level(demands: Demands, seed: int) -> Level:
    """Return a solvable level, the same for the same seed.

    The solver has found a solution of each level, and the best one has at least
    ``demands.min_pushes`` pushes.

    Raises:
        TaskError: none was found with bounded effort.
    """
    rng = random.Random(seed)
    for _ in range(_ROOMS):
        board = _room(demands, rng)
        start = None if board is None else _play_back(board, demands.min_pushes, rng)
        if board is not None and start is not None and _confirmed(board, start, demands):
            return Level(board, start)
    raise TaskError(
        f"no Sokoban level of {demands.rows} x {demands.cols} squares with {demands.boxes} "
        f"boxes and at least {demands.min_pushes} pushes was found in {_ROOMS} rooms (seed "
        f"{seed}); ask for fewer pushes or boxes, or for more room"
    )


def _confirmed(board: Board, start: Position, demands: Demands) -> bool:
    solution = solve(board, start, _SEARCH)
    return solution is not None and solution.pushes >= demands.min_pushes


def _room(demands: Demands, rng: random.Random) -> Board | None:
    """Return a room with targets, or None where too little of it hangs together."""
    inner = [
        row * demands.cols + column
        for row in range(1, demands.rows - 1)
        for column in range(1, demands.cols - 1)
    ]
    floor = _set(square for square in inner if rng.random() >= _WALLS)
    board = Board(demands.rows, demands.cols, floor, targets=0)
    if not floor:
        return None
    floor = board.reach(Position(0, rng.choice(list(squares(floor)))))
    if floor.bit_count() < max(len(inner) // 2, demands.boxes + 2):
        return None
    targets = _set(rng.sample(list(squares(floor)), demands.boxes))
    return Board(demands.rows, demands.cols, floor, targets)


def _play_back(board: Board, min_pulls: int, rng: random.Random) -> Position | None:
    """Return a position that is at least ``min_pulls`` pulls from the end, or None without one.

    Positions are followed backwards layer by layer; each is met first in the earliest layer, so
    a position's layer is close to the number of pushes that it needs.
    """
    layer = _ends(board)
    seen = set(layer)
    deep: list[Position] = []
    for depth in range(2 * min_pulls + 1):
        if depth >= min_pulls:
            deep.extend(layer)
        layer = [p for p in dict.fromkeys(_pulled(board, layer)) if p not in seen]
        seen.update(layer)
        if len(layer) > _LAYER:
            layer = rng.sample(layer, _LAYER)
    if not deep:
        return None
    chosen = rng.choice(deep)
    return Position(chosen.boxes, rng.choice(list(squares(board.reach(chosen)))))


def _ends(board: Board) -> list[Position]:
    """Return the solved positions, one for each part of the floor that the boxes leave."""
    ends, left = [], board.floor & ~board.targets
    while left:
        player = (left & -left).bit_length() - 1
        end = Position(board.targets, player)
        ends.append(end)
        left &= ~board.reach(end)
    return ends


def _pulled(board: Board, layer: Iterable[Position]) -> Iterable[Position]:
    for position in layer:
        reach, free = board.reach(position), board.floor & ~position.boxes
        for box in squares(position.boxes):
            for direction in DIRECTIONS:
                step = board.offset(direction)
                stand = box + step
                if reach >> stand & 1 and free >> (stand + step) & 1:
                    boxes = position.boxes ^ 1 << box ^ 1 << stand
                    walked = board.reach(Position(boxes, stand + step))
                    yield Position(boxes, (walked & -walked).bit_length() - 1)


def _set(members: Iterable[int]) -> int:
    return sum(1 << square for square in members)

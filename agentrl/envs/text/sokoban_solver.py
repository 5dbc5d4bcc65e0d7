"""Solving Sokoban: the fewest pushes by A*, with dead positions cut off."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from agentrl.envs.text.sokoban_level import DIRECTIONS, Board, Position, squares

MOST_POSITIONS = 50_000
"""How many positions a search looks at before it gives up."""

_FAR = 10**6


@dataclass(frozen=True, slots=True)
class Solution:
    """A way to solve a position with the fewest pushes."""

    moves: tuple[str, ...]
    """Every move, walking included; the walk to each push is a shortest one."""
    pushes: int


def solve(board: Board, start: Position, limit: int = MOST_POSITIONS) -> Solution | None:
    """Return a solution with the fewest pushes.

    None means that there is none, or that it was not found among ``limit`` positions.
    """
    away = distances(board)
    root = _normal(board, start)
    came_from: dict[Position, tuple[Position, int, str] | None] = {root: None}
    cost = {root: 0}
    queue = [(_bound(away, root.boxes), 0, root)]
    for _ in range(limit):
        if not queue:
            return None
        _, pushed, position = heapq.heappop(queue)
        if board.solved(position):
            return Solution(_moves(board, start, came_from, position), -pushed)
        if -pushed > cost[position]:
            continue
        for box, direction, following in _pushes(board, position):
            further = cost[position] + 1
            if further >= cost.get(following, _FAR) or stuck(board, following.boxes):
                continue
            cost[following] = further
            came_from[following] = position, box, direction
            bound = further + _bound(away, following.boxes)
            heapq.heappush(queue, (bound, -further, following))
    return None


@lru_cache(maxsize=256)
def distances(board: Board) -> tuple[int, ...]:
    """Return for every square the fewest pushes that bring a lone box from there to a target.

    A square from which no target can be reached has a very large number.
    """
    away = [_FAR] * (board.rows * board.columns)
    frontier = list(squares(board.targets))
    for square in frontier:
        away[square] = 0
    for square in frontier:
        for direction in DIRECTIONS:
            step = board.offset(direction)
            # To push a box onto the square, the player stands two squares behind it.
            before, stand = square - step, square - 2 * step
            walkable = board.floor >> before & 1 and stand >= 0 and board.floor >> stand & 1
            if walkable and away[before] == _FAR:
                away[before] = away[square] + 1
                frontier.append(before)
    return tuple(away)


def stuck(board: Board, boxes: int) -> bool:
    """Return whether some box can certainly never reach a target.

    Found are boxes on squares that lead to no target, and boxes that hold each other fast against
    walls. Not every hopeless position is recognised.
    """
    away = distances(board)
    astray = boxes & ~board.targets
    if any(away[square] >= _FAR for square in squares(astray)):
        return True
    return bool(astray and _frozen(board, boxes) & astray)


def _frozen(board: Board, boxes: int) -> int:
    """Return the boxes that can never be pushed again.

    A box can be pushed along an axis unless a wall or a frozen box is on one side of it. Starting
    with every box as frozen and thawing those that have a free axis leaves the truly frozen.
    """
    frozen, width = boxes, board.columns
    while True:
        solid = ~board.floor | frozen
        fast = frozen & (solid << 1 | solid >> 1) & (solid << width | solid >> width)
        if fast == frozen:
            return frozen
        frozen = fast


def _bound(away: tuple[int, ...], boxes: int) -> int:
    return sum(away[square] for square in squares(boxes))


def _normal(board: Board, position: Position) -> Position:
    """Return the position with the player on the first square that can be walked to."""
    reach = board.reach(position)
    return Position(position.boxes, (reach & -reach).bit_length() - 1)


def _pushes(board: Board, position: Position) -> Iterator[tuple[int, str, Position]]:
    reach, free = board.reach(position), board.floor & ~position.boxes
    for box in squares(position.boxes):
        for direction in DIRECTIONS:
            step = board.offset(direction)
            if reach >> (box - step) & 1 and free >> (box + step) & 1:
                boxes = position.boxes ^ 1 << box ^ 1 << (box + step)
                yield box, direction, _normal(board, Position(boxes, box))


def _moves(
    board: Board,
    start: Position,
    came_from: dict[Position, tuple[Position, int, str] | None],
    goal: Position,
) -> tuple[str, ...]:
    plan: list[tuple[int, str]] = []
    step = came_from[goal]
    while step is not None:
        plan.append((step[1], step[2]))
        step = came_from[step[0]]
    moves: list[str] = []
    position = start
    for box, direction in reversed(plan):
        for move in [*_walk(board, position, box - board.offset(direction)), direction]:
            moves.append(move)
            following = board.move(position, move)
            assert following is not None
            position = following
    return tuple(moves)


def _walk(board: Board, position: Position, goal: int) -> list[str]:
    """Return a shortest walk of the player to a square that can be reached."""
    free = board.floor & ~position.boxes
    frontier, came_from = [position.player], {position.player: ""}
    for square in frontier:
        for direction in DIRECTIONS:
            following = square + board.offset(direction)
            if free >> following & 1 and following not in came_from:
                came_from[following] = direction
                frontier.append(following)
    walk: list[str] = []
    while goal != position.player:
        walk.append(came_from[goal])
        goal -= board.offset(came_from[goal])
    return walk[::-1]

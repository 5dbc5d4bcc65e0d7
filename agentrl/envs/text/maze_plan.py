"""Mazes: how they are made, and how far every square is from the goal."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Square = tuple[int, int]
"""Row and column, counted from the top left."""

MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


@dataclass(frozen=True, slots=True)
class Maze:
    """A maze with a start and a goal."""

    size: int
    """Squares along a side, the outer walls included."""
    floor: frozenset[Square]
    start: Square
    goal: Square


@lru_cache(maxsize=4096)
def make_maze(size: int, loops: float, seed: int) -> Maze:
    """Return a maze, the same for the same seed, in which every square can be reached.

    Args:
        size: squares along a side, odd.
        loops: share of the inner walls between two corridors that are opened; at 0 exactly one
            way leads from any square to any other.
        seed: decides the maze, the start and the goal.
    """
    rng = random.Random(seed)
    rooms = [(row, column) for row in range(1, size, 2) for column in range(1, size, 2)]
    floor = _corridors(size, rng)
    closed = [wall for wall in _between(rooms, size) if wall not in floor]
    floor.update(rng.sample(closed, round(loops * len(closed))))
    start = rng.choice(rooms)
    away = distances(floor, start)
    # The goal is drawn from the farther half, so that no maze is over after a step or two.
    rooms.sort(key=lambda room: (away[room], room))
    return Maze(size, frozenset(floor), start, rng.choice(rooms[len(rooms) // 2 :]))


def distances(floor: Iterable[Square], goal: Square) -> dict[Square, int]:
    """Return the number of steps from every square that is connected with the goal."""
    free = frozenset(floor)
    away, frontier = {goal: 0}, [goal]
    for row, column in frontier:
        for down, right in MOVES.values():
            following = (row + down, column + right)
            if following in free and following not in away:
                away[following] = away[row, column] + 1
                frontier.append(following)
    return away


def _corridors(size: int, rng: random.Random) -> set[Square]:
    """Carve a perfect maze: walk to an unseen room at random, and go back where there is none."""
    path: list[Square] = [(1, 1)]
    floor = {(1, 1)}
    while path:
        row, column = path[-1]
        unseen = [
            (down, right)
            for down, right in MOVES.values()
            if 0 < row + 2 * down < size
            and 0 < column + 2 * right < size
            and (row + 2 * down, column + 2 * right) not in floor
        ]
        if not unseen:
            path.pop()
            continue
        down, right = rng.choice(unseen)
        path.append((row + 2 * down, column + 2 * right))
        floor |= {(row + down, column + right), path[-1]}
    return floor


def _between(rooms: Iterable[Square], size: int) -> list[Square]:
    """Return the squares between two neighbouring rooms."""
    rooms = list(rooms)
    beside = [(row, column + 1) for row, column in rooms if column + 2 < size]
    below = [(row + 1, column) for row, column in rooms if row + 2 < size]
    return beside + below

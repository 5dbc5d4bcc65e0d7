"""A Sokoban board and what can happen on it.

A set of squares is one integer with a bit for each square, counted row by row; the outermost
squares are always walls, so moving a whole set by one square is a shift. That makes the searches
here fast enough in plain Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from agentrl.errors import TaskError

DIRECTIONS = ("up", "down", "left", "right")
"""Names of the moves."""

_ALIASES = str.maketrans(" -", "__")


class Position(NamedTuple):
    """Where things stand."""

    boxes: int
    """Set of squares."""
    player: int
    """One square, as the number of its bit."""


@dataclass(frozen=True, slots=True)
class Board:
    """The part of a level that never changes."""

    rows: int
    columns: int
    floor: int
    """Set of the squares that are no wall."""
    targets: int
    """Set of the squares where boxes belong."""

    def offset(self, direction: str) -> int:
        """Return by how many bits a square moves."""
        return {"up": -self.columns, "down": self.columns, "left": -1, "right": 1}[direction]

    def move(self, position: Position, direction: str) -> Position | None:
        """Return where a move leads, a push included, or None where it is blocked."""
        step = self.offset(direction)
        ahead = position.player + step
        if not self.floor >> ahead & 1:
            return None
        if not position.boxes >> ahead & 1:
            return Position(position.boxes, ahead)
        beyond = ahead + step
        if not (self.floor & ~position.boxes) >> beyond & 1:
            return None
        return Position(position.boxes ^ 1 << ahead ^ 1 << beyond, ahead)

    def reach(self, position: Position) -> int:
        """Return the set of squares that the player can walk to."""
        free = self.floor & ~position.boxes
        reached, grown = 0, 1 << position.player
        width = self.columns
        while grown != reached:
            reached = grown
            grown |= (grown << 1 | grown >> 1 | grown << width | grown >> width) & free
        return reached

    def solved(self, position: Position) -> bool:
        """Return whether every box is on a target."""
        return position.boxes == self.targets

    def draw(self, position: Position) -> str:
        """Return the level as a grid of characters."""
        cells = []
        for square in range(self.rows * self.columns):
            target, box = self.targets >> square & 1, position.boxes >> square & 1
            if not self.floor >> square & 1:
                cells.append("#")
            elif square == position.player:
                cells.append("+" if target else "@")
            else:
                cells.append(("_.", "$*")[box][target])
        text = "".join(cells)
        return "\n".join(text[i : i + self.columns] for i in range(0, len(text), self.columns))


@dataclass(frozen=True, slots=True)
class Level:
    """A board and how it begins."""

    board: Board
    start: Position


def squares(members: int) -> Iterator[int]:
    """Yield the squares of a set.

    >>> list(squares(0b1010))
    [1, 3]
    """
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest


def read_level(text: str) -> Level:
    """Return the level that a grid of characters shows, in the usual notation.

    ``#`` is a wall, ``.`` a target, ``$`` a box, ``*`` a box on a target, ``@`` the player, ``+``
    the player on a target; a space, ``-`` or ``_`` is floor.

    Raises:
        TaskError: the grid shows no level that could be played.
    """
    lines = [line.translate(_ALIASES) for line in text.strip("\n").splitlines()]
    width = max(map(len, lines), default=0)
    # A frame of walls keeps every square of the floor off the edge.
    grid = "#" * (width + 2)
    grid += "".join(f"#{line.ljust(width, '#')}#" for line in lines) + grid
    unknown = set(grid) - set("#_.$*@+")
    if unknown:
        raise TaskError(f"a level cannot hold {sorted(unknown)}; it is drawn with '#_.$*@+'")
    players = _where(grid, "@+")
    if players.bit_count() != 1:
        raise TaskError(f"a level has exactly one player (@ or +), this has {players.bit_count()}")
    board = Board(len(lines) + 2, width + 2, _where(grid, "_.$*@+"), _where(grid, ".*+"))
    boxes = _where(grid, "$*")
    if not boxes or boxes.bit_count() != board.targets.bit_count():
        raise TaskError(
            f"a level has as many boxes as targets, at least one; this has {boxes.bit_count()} "
            f"boxes and {board.targets.bit_count()} targets"
        )
    if boxes == board.targets:
        raise TaskError("every box of this level is on a target already")
    return Level(board, Position(boxes, players.bit_length() - 1))


def _where(grid: str, letters: str) -> int:
    return sum(1 << square for square, letter in enumerate(grid) if letter in letters)

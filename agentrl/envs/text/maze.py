"""A maze: find the way to the goal."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.text.directions import direction_named
from agentrl.envs.text.maze_plan import MOVES, Maze, Square, distances, make_maze
from agentrl.errors import UsageError
from agentrl.task import Task

_PRESETS = {"easy": 7, "medium": 11, "hard": 17}
_LARGEST = 61


class MazeEnv(TextEnv):
    """Mazes made from a seed, each with a way to the goal.

    Args:
        difficulty: sets ``size`` where that is not given: ``easy`` 7, ``medium`` 11, ``hard`` 17.
        size: squares along a side, the outer walls included; odd, 5 to 61.
        loops: share of the inner walls that are opened, from 0 to 1; at 0 there is exactly one
            way.
        view: ``full`` shows the whole map, ``local`` only the squares around the agent and in
            which direction the goal lies.
        radius: how many squares a local view shows to each side.
    """

    facts: ClassVar[Mapping[str, str]] = {
        "grounded": "the player moved",
        "progress": "share of the way by which the turn came closer; negative when it led away",
        "score": "share of the way that is done",
        "steps": "moves and attempts to move",
        "shortest": "moves that the way from the start takes at least",
    }

    def __init__(
        self,
        difficulty: Literal["easy", "medium", "hard"] = "easy",
        size: int | None = None,
        loops: float = 0.0,
        view: Literal["full", "local"] = "full",
        radius: int = 2,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        if difficulty not in _PRESETS:
            raise UsageError(f"difficulty is {difficulty!r}, expected one of {', '.join(_PRESETS)}")
        self._size = _PRESETS[difficulty] if size is None else size
        if self._size % 2 == 0 or not 5 <= self._size <= _LARGEST:
            raise UsageError(f"size is {self._size}, expected an odd number from 5 to {_LARGEST}")
        if not 0 <= loops <= 1:
            raise UsageError(f"loops is {loops}, expected a share from 0 to 1")
        if view not in ("full", "local"):
            raise UsageError(f"view is {view!r}, expected full or local")
        if radius < 1:
            raise UsageError(f"radius is {radius}, expected at least 1")
        self._loops = loops
        self._view = view
        self._radius = radius
        self.max_turns = self._size**2

    @property
    def instructions(self) -> str:
        local = " You see only the squares around you." if self._view == "local" else ""
        return (
            f"Walk through the maze to the goal.{local}\n"
            "# wall, _ floor, @ you, G goal\n"
            f"Answer with one action: {', '.join(MOVES)}."
        )

    def begin(self, task: Task, seed: int) -> str:
        self._maze = make_maze(self._size, self._loops, seed)
        self._away = distances(self._maze.floor, self._maze.goal)
        self._at = self._maze.start
        self._steps = 0
        return self._text()

    def act(self, action: str) -> Step:
        direction = direction_named(action)
        if direction is None:
            return self.refuse(
                f"There is no action {action!r}. Actions: {', '.join(MOVES)}.", grounded=0.0
            )
        before, ahead = self._at, _moved(self._at, direction)
        if ahead in self._maze.floor:
            self._at = ahead
        self._steps += 1
        arrived = self._at == self._maze.goal
        note = "" if self._at != before else "\nThere is a wall."
        return Step(
            self._text() + ("\nYou have reached the goal." if arrived else note),
            signals={
                "grounded": float(self._at != before),
                "progress": (self._away[before] - self._away[self._at]) / self._shortest,
            },
            reward=float(arrived),
            terminated=arrived,
        )

    def outcome(self) -> dict[str, float]:
        success = self._at == self._maze.goal
        return {
            "success": float(success),
            "score": max(0.0, 1 - self._away[self._at] / self._shortest),
            "steps": float(self._steps),
            "shortest": float(self._shortest),
        }

    def legal_actions(self) -> tuple[str, ...]:
        """Return the directions without a wall."""
        return tuple(name for name in MOVES if _moved(self._at, name) in self._maze.floor)

    def expert_action(self) -> str | None:
        """Return the first step of a shortest way to the goal."""
        if self._at == self._maze.goal:
            return None
        return min(self.legal_actions(), key=lambda name: self._away[_moved(self._at, name)])

    @property
    def _shortest(self) -> int:
        return self._away[self._maze.start]

    def _text(self) -> str:
        if self._view == "full":
            every = range(self._maze.size)
            return _drawn(self._maze, self._at, every, every)
        (row, column), (goal_row, goal_column) = self._at, self._maze.goal
        rows, columns = (range(i - self._radius, i + self._radius + 1) for i in self._at)
        down, right = goal_row - row, goal_column - column
        vertical = f"{abs(down)} {'down' if down > 0 else 'up'}" if down else ""
        level = f"{abs(right)} {'right' if right > 0 else 'left'}" if right else ""
        where = " and ".join(filter(None, (vertical, level))) or "here"
        return f"{_drawn(self._maze, self._at, rows, columns)}\nThe goal is {where}."


def _moved(square: Square, direction: str) -> Square:
    down, right = MOVES[direction]
    return square[0] + down, square[1] + right


def _drawn(maze: Maze, at: Square, rows: range, columns: range) -> str:
    def letter(square: Square) -> str:
        if square == at:
            return "@"
        if square == maze.goal:
            return "G"
        return "_" if square in maze.floor else "#"

    return "\n".join("".join(letter((row, column)) for column in columns) for row in rows)

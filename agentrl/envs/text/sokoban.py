"""Sokoban: push every box onto a target."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.text.directions import direction_named
from agentrl.envs.text.sokoban_level import DIRECTIONS, Board, Level, Position, read_level
from agentrl.envs.text.sokoban_maker import Demands, make_level
from agentrl.envs.text.sokoban_solver import solve, stuck
from agentrl.errors import TaskError, UsageError
from agentrl.task import Task

_PRESETS = {
    "easy": Demands(rows=6, cols=6, boxes=1, min_pushes=3),
    "medium": Demands(rows=7, cols=7, boxes=2, min_pushes=6),
    "hard": Demands(rows=8, cols=8, boxes=3, min_pushes=12),
}
_LARGEST = 20


class SokobanEnv(TextEnv):
    """Sokoban levels made from a seed, each known to be solvable.

    A task may bring a level of its own in ``data["level"]``, drawn with the usual characters
    ``#`` wall, ``.`` target, ``$`` box, ``*`` box on a target, ``@`` player, ``+`` player on a
    target.

    Args:
        difficulty: sets what is not given below: ``easy`` is 6 x 6 with 1 box and 3 pushes,
            ``medium`` 7 x 7 with 2 boxes and 6 pushes, ``hard`` 8 x 8 with 3 boxes and 12 pushes.
        rows: height of the level, the outer walls included; 5 to 20.
        cols: width of the level, the outer walls included; 5 to 20.
        boxes: how many boxes there are.
        min_pushes: how many pushes the best solution takes at least.
    """

    facts: ClassVar[Mapping[str, str]] = {
        "grounded": "the player moved",
        "pushed": "a box moved too",
        "boxes_on_target": "share of boxes on targets after the turn",
        "progress": "by how much that share changed",
        "stuck": "a box can never reach a target any more",
        "score": "share of boxes on targets",
        "pushes": "turns that moved a box",
        "moves": "turns that moved the player",
    }

    def __init__(
        self,
        difficulty: Literal["easy", "medium", "hard"] = "easy",
        rows: int | None = None,
        cols: int | None = None,
        boxes: int | None = None,
        min_pushes: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        if difficulty not in _PRESETS:
            raise UsageError(f"difficulty is {difficulty!r}, expected one of {', '.join(_PRESETS)}")
        preset = _PRESETS[difficulty]
        self._demands = Demands(
            rows=preset.rows if rows is None else rows,
            cols=preset.cols if cols is None else cols,
            boxes=preset.boxes if boxes is None else boxes,
            min_pushes=preset.min_pushes if min_pushes is None else min_pushes,
        )
        _check(self._demands)
        self.max_turns = 2 * self._demands.rows * self._demands.cols
        self._level: Level | None = None
        self._plan: tuple[str, ...] | None = None

    @property
    def instructions(self) -> str:
        return (
            "Push every box onto a target. You push a box by walking into it; you cannot pull, and "
            "you cannot push two boxes at once.\n"
            "# wall, _ floor, . target, $ box, * box on a target, @ you, + you on a target\n"
            f"Answer with one action: {', '.join(DIRECTIONS)}."
        )

    def begin(self, task: Task, seed: int) -> str:
        self._level = _level(task) or make_level(self._demands, seed)
        self._position = self._level.start
        self.max_turns = 2 * self._board.rows * self._board.columns
        self._plan = None
        self._pushes = self._moves = 0
        return self._text()

    def act(self, action: str) -> Step:
        direction = direction_named(action)
        if direction is None:
            return self.refuse(
                f"There is no action {action!r}. Actions: {', '.join(DIRECTIONS)}.", grounded=0.0
            )
        before, on_target = self._position, self._on_target()
        following = self._board.move(before, direction)
        self._follow_plan(direction)
        self._moves += 1
        if following is not None:
            self._position = following
            self._pushes += following.boxes != before.boxes
        solved = self._board.solved(self._position)
        note = "" if following else "\nSomething is in the way."
        return Step(
            self._text() + ("\nEvery box is on a target." if solved else note),
            signals=self._signals(before, on_target),
            reward=float(solved),
            terminated=solved,
        )

    def outcome(self) -> dict[str, float]:
        return {
            "success": float(self._board.solved(self._position)),
            "score": self._on_target() / self._boxes,
            "pushes": float(self._pushes),
            "moves": float(self._moves),
        }

    def legal_actions(self) -> tuple[str, ...]:
        """Return the directions in which the player can move."""
        return tuple(d for d in DIRECTIONS if self._board.move(self._position, d))

    def expert_action(self) -> str | None:
        """Return the next move of a solution with the fewest pushes.

        None where the position is dead, or the solver gives up.
        """
        if self._plan is None:
            solution = solve(self._board, self._position)
            self._plan = solution.moves if solution else ()
        return self._plan[0] if self._plan else None

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task of a row; a level of its own is read, so that a bad one is found now."""
        task = super().task(row, number)
        _level(task)
        return task

    @property
    def _board(self) -> Board:
        assert self._level is not None, "reset comes first"
        return self._level.board

    @property
    def _boxes(self) -> int:
        return self._board.targets.bit_count()

    def _on_target(self) -> int:
        return (self._position.boxes & self._board.targets).bit_count()

    def _follow_plan(self, direction: str) -> None:
        on_it = self._plan and self._plan[0] == direction
        self._plan = self._plan[1:] if self._plan and on_it else None

    def _signals(self, before: Position, on_target: int) -> dict[str, float]:
        return {
            "grounded": float(self._position != before),
            "pushed": float(self._position.boxes != before.boxes),
            "boxes_on_target": self._on_target() / self._boxes,
            "progress": (self._on_target() - on_target) / self._boxes,
            "stuck": float(stuck(self._board, self._position.boxes)),
        }

    def _text(self) -> str:
        return self._board.draw(self._position)


def _level(task: Task) -> Level | None:
    drawn = task.data.get("level")
    if drawn is None:
        return None
    if not isinstance(drawn, str):
        raise TaskError(f"task {task.id!r}: 'level' is {drawn!r}, expected a text of several lines")
    return read_level(drawn)


def _check(demands: Demands) -> None:
    for name in ("rows", "cols"):
        size = getattr(demands, name)
        if not 5 <= size <= _LARGEST:
            raise UsageError(f"{name} is {size}, expected 5 to {_LARGEST}")
    room = (demands.rows - 2) * (demands.cols - 2)
    if not 1 <= demands.boxes <= room // 4:
        raise UsageError(
            f"boxes is {demands.boxes}, expected 1 to {room // 4} in a level of {demands.rows} x "
            f"{demands.cols}"
        )
    if demands.min_pushes < 1:
        raise UsageError(f"min_pushes is {demands.min_pushes}, expected at least 1")

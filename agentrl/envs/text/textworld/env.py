"""The environment ``agentrl/TextWorld-v0``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

import gymnasium

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.text.textworld.cleaning import compose
from agentrl.envs.text.textworld.commands import problem_with, tidy_command
from agentrl.envs.text.textworld.options import GameKind, GameOptions, checked_options
from agentrl.envs.text.textworld.process import PROCESSES, GameProcess, make_game
from agentrl.envs.text.textworld.session import Session
from agentrl.envs.text.textworld.standing import part_of_points, standing
from agentrl.errors import MissingDependencyError, TaskError
from agentrl.task import Task

INSTRUCTIONS = """\
You play a text adventure. Each turn you are shown what your last action led to, the room you are \
in and what you carry. Reach the goal that the first message states in as few actions as you can.

Answer with exactly one action, a short command in plain English. Commands that are understood:
look, inventory, goal, go <north|south|east|west>, examine <thing>, open <thing>, close <thing>, \
take <thing>, take <thing> from <place>, drop <thing>, put <thing> on <place>, \
insert <thing> into <place>, unlock <thing> with <key>, lock <thing> with <key>, \
eat <food>{more}."""

_COOKING = """, \
cook <food> with <appliance>, slice <food> with <knife>, chop <food> with <knife>, \
dice <food> with <knife>, prepare meal"""


class TextWorldEnv(TextEnv):
    """Text adventures that TextWorld generates from options and a seed.

    A game is made when it is first played and kept in a cache on disk; the task's seed, or the
    episode's where a task has none, decides everything in it. Each option can also be set for one
    task by the task's data.

    Signals of a turn: ``grounded`` (1 when the world carried the command out), ``progress`` (see
    ``standing``; sums to at most 1 over an episode, to exactly 1 in a won one) and ``score`` (the
    points gained, as a part of all points). Results: ``success``, ``score`` and ``lost``.

    Args:
        preset: rooms, objects and quest length of a custom game in one word, as in the
            Practitioner's Guide: ``w2-o3-q4``, ``w8-o12-q4``, or any other numbers.
        game: ``custom`` (a quest of the given length in a random house), ``simple`` (find food
            and put it on the stove), ``coin_collector`` (walk to the coin), ``treasure_hunter``
            (find one object in a maze) or ``cooking`` (find and follow a recipe).
        rooms: custom: number of rooms; 2 if neither this nor a preset is given.
        objects: custom: number of objects; 3 if neither this nor a preset is given.
        quest_length: custom: most commands that the quest needs; 4 if neither this nor a preset
            is given.
        rewards: simple: how many steps on the way give a point.
        goal: simple: how much the goal tells.
        level: coin_collector (1 to 300) and treasure_hunter (1 to 30): difficulty.
        recipe: cooking: number of ingredients, 1 to 5.
        take: cooking: how many of them have to be found.
        open: cooking: containers and doors are closed.
        cook: cooking: ingredients have to be cooked.
        cut: cooking: ingredients have to be cut.
        drop: cooking: only a few things can be carried.
        go: cooking: number of rooms.
        file: play this ``.z8`` game of TextWorld, with its ``.json`` beside it, and generate none.
        admissible: end each observation with the commands that make sense now.
        render_mode: as in gymnasium.

    Raises:
        TaskError: an option has a wrong value or does not go with another.
        MissingDependencyError: textworld is not installed.
    """

    blocking: ClassVar[bool] = True
    facts: ClassVar[Mapping[str, str]] = {
        "grounded": "the world carried the command out",
        "progress": "by how much the shortest plan got shorter, as a share of the first plan",
        "score": "points so far as a share of all",
        "lost": "the game is lost",
    }

    def __init__(
        self,
        preset: str | None = None,
        game: GameKind = "custom",
        rooms: int | None = None,
        objects: int | None = None,
        quest_length: int | None = None,
        rewards: Literal["sparse", "balanced", "dense"] = "dense",
        goal: Literal["detailed", "brief", "none"] = "detailed",
        level: int = 1,
        recipe: int = 1,
        take: int = 0,
        open: bool = False,
        cook: bool = False,
        cut: bool = False,
        drop: bool = False,
        go: Literal[1, 6, 9, 12] = 1,
        file: str | None = None,
        admissible: bool = False,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        self._options = checked_options(_given(locals()))
        if find_spec("textworld") is None:
            raise MissingDependencyError(
                "agentrl/TextWorld-v0 needs the package textworld; "
                "install it with: pip install 'agentrl[text]'"
            )
        self.max_turns = self._options.max_turns
        self._played = self._options
        self._process: GameProcess | None = None
        self._session: Session | None = None

    @property
    def instructions(self) -> str:
        more = _COOKING if self._played.game == "cooking" else ""
        return INSTRUCTIONS.format(more=more)

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        name = checked_options(_given(options)).name
        return [
            Task(id=f"{name}-{number}", group=name, seed=number)
            for number in range(seed, seed + count)
        ]

    def begin(self, task: Task, seed: int) -> str:
        self._session = None
        self._played = self._options.changed(task.data)
        self.max_turns = self._played.max_turns
        game = self._game_file(seed if task.seed is None else task.seed)
        if self._process is None or not self._process.reusable:
            self._release()
            self._process = PROCESSES.take(game)
        self._session = Session(self._process, game, legal=self._played.admissible)
        return self._observe("", goal=self._session.opening.objective)

    def act(self, action: str) -> Step:
        command = tidy_command(action)
        if problem := problem_with(command):
            refused = self.refuse(problem, grounded=0.0, progress=0.0, score=0.0)
            return replace(refused, observation=self._observe(problem))
        session = self._playing()
        opening, before = session.opening, session.turn
        turn = session.step(command)
        points = turn.score - before.score
        signals = {
            "grounded": float(turn.accepted),
            "progress": standing(opening, turn) - standing(opening, before),
            "score": part_of_points(opening, points),
        }
        return Step(self._observe(turn.feedback), signals, float(points), terminated=turn.over)

    def outcome(self) -> dict[str, float]:
        session = self._playing()
        return {
            "success": float(session.turn.won),
            "score": part_of_points(session.opening, session.turn.score),
            "lost": float(session.turn.lost),
        }

    def legal_actions(self) -> tuple[str, ...] | None:
        return self._playing().legal()

    def expert_action(self) -> str | None:
        return self._playing().expert()

    def close(self) -> None:
        self._session = None
        self._release()

    def _playing(self) -> Session:
        if self._session is None:
            raise gymnasium.error.ResetNeeded("no game is being played: call reset first")
        return self._session

    def _observe(self, feedback: str, goal: str = "") -> str:
        turn = self._playing().turn
        legal = turn.legal if self._played.admissible and not turn.over else None
        return compose(feedback, turn.room, turn.inventory, goal, legal or ())

    def _game_file(self, seed: int) -> Path:
        if self._played.file is None:
            return make_game(self._played.settings, seed)
        path = Path(self._played.file).expanduser().absolute()
        for needed in (path, path.with_suffix(".json")):
            if path.suffix != ".z8" or not needed.is_file():
                raise TaskError(
                    f"'file' is {self._played.file!r}: expected a game of TextWorld, a .z8 file "
                    f"with its .json beside it, and {needed} is none"
                )
        return path

    def _release(self) -> None:
        if self._process is not None:
            PROCESSES.give_back(self._process)
            self._process = None


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options among ``arguments`` that differ from their defaults."""
    fields = GameOptions.model_fields
    ours = {name: value for name, value in arguments.items() if name in fields}
    return {k: v for k, v in ours.items() if v is not None and v != fields[k].default}

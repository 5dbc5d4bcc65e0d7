"""Which game is generated: the options of the environment, checked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from agentrl.errors import TaskError, nearest
from agentrl.suite.section import Section

GameKind = Literal["custom", "simple", "coin_collector", "treasure_hunter", "cooking"]

_PRESET = re.compile(r"w([1-9]\d*)-o([1-9]\d*)-q([1-9]\d*)")
_FIELDS = {
    "custom": ("rooms", "objects", "quest_length"),
    "simple": ("rewards", "goal"),
    "coin_collector": ("level",),
    "treasure_hunter": ("level",),
    "cooking": ("recipe", "take", "open", "cook", "cut", "drop", "go"),
}
_HIGHEST_LEVEL = {"coin_collector": 300, "treasure_hunter": 30}
_MOST_ROOMS = 100
_SEARCHING = 100
"""Turns of a game whose length is not known beforehand."""


class GameOptions(Section):
    """Options of a game; ``TextWorldEnv`` describes each."""

    preset: str | None = None
    game: GameKind = "custom"
    rooms: PositiveInt = 2
    objects: PositiveInt = 3
    quest_length: PositiveInt = 4
    rewards: Literal["sparse", "balanced", "dense"] = "dense"
    goal: Literal["detailed", "brief", "none"] = "detailed"
    level: PositiveInt = 1
    recipe: int = Field(1, ge=1, le=5)
    take: int = Field(0, ge=0)
    open: bool = False
    cook: bool = False
    cut: bool = False
    drop: bool = False
    go: Literal[1, 6, 9, 12] = 1
    file: str | None = None
    admissible: bool = False

    @model_validator(mode="before")
    @classmethod
    def _unfold_preset(cls, given: dict[str, Any]) -> dict[str, Any]:
        preset = given.get("preset")
        if not isinstance(preset, str):
            return given
        match = _PRESET.fullmatch(preset)
        if match is None:
            raise ValueError(
                f"preset {preset!r} is not of the form w<rooms>-o<objects>-q<quest length>, such "
                f"as w2-o3-q4"
            )
        if beside := {"rooms", "objects", "quest_length"} & given.keys():
            raise ValueError(f"give 'preset' or {sorted(beside)}, not both")
        if given.get("game", "custom") != "custom":
            raise ValueError(f"'preset' belongs to the game 'custom', not to {given['game']!r}")
        rooms, objects, quest_length = map(int, match.groups())
        return {**given, "rooms": rooms, "objects": objects, "quest_length": quest_length}

    @model_validator(mode="after")
    def _belong_together(self) -> "GameOptions":
        if self.file is not None:
            if beside := sorted(self.model_fields_set - {"file", "admissible"}):
                raise ValueError(f"a given 'file' is played as it is; leave out {beside}")
            return self
        allowed = {*_FIELDS[self.game], "preset", "game", "admissible"}
        if foreign := sorted(self.model_fields_set - allowed):
            raise ValueError(
                f"{foreign} have no meaning in the game {self.game!r}, which knows "
                f"{list(_FIELDS[self.game])}"
            )
        highest = _HIGHEST_LEVEL.get(self.game, self.level)
        if self.level > highest or self._rooms_of_coins() > _MOST_ROOMS:
            raise ValueError(
                f"level {self.level} of {self.game} does not exist or needs more than "
                f"{_MOST_ROOMS} rooms; the highest is {highest}"
            )
        if self.take > self.recipe:
            raise ValueError(f"take is {self.take}, more than the recipe's {self.recipe}")
        return self

    @property
    def name(self) -> str:
        """What tasks of these options are grouped under."""
        if self.file is not None:
            return Path(self.file).stem
        if self.game != "custom":
            return self.game
        return f"w{self.rooms}-o{self.objects}-q{self.quest_length}"

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the game, beside the seed."""
        chosen: dict[str, Any] = {"game": self.game}
        chosen |= {name: getattr(self, name) for name in _FIELDS[self.game]}
        if self.game == "simple":
            chosen["test"] = False
        if self.game == "cooking":
            chosen |= {"recipe_seed": 0, "split": None}
        return chosen

    @property
    def max_turns(self) -> int:
        """Three times what a perfect player needs or, where one must search, about that."""
        if self.file is not None:
            return _SEARCHING
        if self.game == "custom":
            return 3 * self.quest_length
        if self.game == "coin_collector":
            return 3 * max(self._rooms_of_coins(), 5)
        if self.game == "treasure_hunter":
            return 3 * (5, 10, 20)[(self.level - 1) // 10]
        return 30 if self.game == "simple" else _SEARCHING

    def _rooms_of_coins(self) -> int:
        if self.game != "coin_collector":
            return 0
        distractors, quest_length = divmod(self.level - 1, 100)
        return (distractors + 1) * (quest_length + 1)

    def changed(self, data: Mapping[str, Any]) -> "GameOptions":
        """Return these options with those of a task on top."""
        if not data:
            return self
        given = self.model_dump(include=self.model_fields_set - {"preset"})
        if "preset" in data:
            given = {k: v for k, v in given.items() if k not in _FIELDS["custom"]}
        if data.get("game", self.game) != self.game:
            given = {k: v for k, v in given.items() if k not in _FIELDS[self.game]}
        return checked_options({**given, **data})


def checked_options(given: Mapping[str, Any]) -> GameOptions:
    """Return checked options.

    Raises:
        TaskError: an option is unknown, has a wrong type, or does not go with another.
    """
    try:
        return GameOptions.model_validate(given, strict=True)
    except ValidationError as exc:
        problems = "; ".join(_problem(error) for error in exc.errors())
        raise TaskError(f"options of agentrl/TextWorld-v0: {problems}") from None


def _problem(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = list(GameOptions.model_fields)
        return f"{name!r} is unknown{nearest(name, known) or f'; known: {known}'}"
    if not name:
        return str(message)
    return f"{name!r} is {error['input']!r}: {message[0].lower()}{message[1:]}"

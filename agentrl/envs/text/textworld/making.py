"""Generating and compiling a game. Runs in a process of its own: TextWorld keeps global state."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentrl.envs.text.textworld import cache
from agentrl.errors import TaskError


def make_game(entry: Path, settings: Mapping[str, Any], seed: int) -> None:
    """Make the game of ``settings`` and ``seed`` into the cache entry, if it is not there yet.

    Raises:
        TaskError: no game comes of these settings and this seed.
        StorageError: the cache cannot be written.
    """
    with cache.filling(entry, settings, seed) as folder:
        if folder is not None:
            # TextWorld looks for grammars beside it and the compiler leaves its files behind.
            os.chdir(folder)
            tempfile.tempdir = str(folder)
            _make(folder / cache.GAME, settings, seed)
            os.chdir("/")


def _make(path: Path, settings: Mapping[str, Any], seed: int) -> None:
    import numpy
    import textworld
    from textworld.challenges import CHALLENGES
    from textworld.generator import QuestGenerationError, compile_game
    from textworld.generator.inform7.world2inform7 import CouldNotCompileGameError

    textworld.g_rng.set_seed(seed)
    numpy.random.seed(seed % 2**32)
    options = textworld.GameOptions()
    options.seeds = seed
    options.path = str(path)
    options.force_recompile = True
    try:
        if settings["game"] == "custom":
            game = _make_custom(options, settings)
        else:
            make = CHALLENGES[f"tw-{settings['game']}"][1]
            game = make(settings=dict(settings), options=options)
        compile_game(game, options)
    except QuestGenerationError as exc:
        raise TaskError(
            f"TextWorld finds no quest for {dict(settings)} with seed {seed} ({exc}); take another "
            f"seed, more rooms or objects, or a shorter quest"
        ) from None
    except CouldNotCompileGameError as exc:
        raise TaskError(
            f"TextWorld cannot compile the game of {dict(settings)} with seed {seed}; it is "
            f"probably too large, take fewer rooms or objects: {exc}"
        ) from None


def _make_custom(options: Any, settings: Mapping[str, Any]) -> Any:
    """Do what ``tw-make custom --world-size --nb-objects --quest-length`` does."""
    from textworld.generator import make_game as generate

    options.nb_rooms = settings["rooms"]
    options.nb_objects = settings["objects"]
    options.quest_length = settings["quest_length"]
    options.chaining.max_breadth = 5
    return generate(options)

"""Making the environment that is to be wrapped."""

import os
from collections.abc import Mapping
from typing import Any

import gymnasium

from agentrl.envs.text.gym_known import known
from agentrl.errors import MissingDependencyError, UsageError

_MINIGRID = ("MiniGrid-", "BabyAI-")


def make(env_id: str, kwargs: Mapping[str, Any], describe: str) -> gymnasium.Env[Any, Any]:
    """Return ``gymnasium.make(env_id, **kwargs)``, drawing ``ansi`` pictures where we want them.

    Raises:
        UsageError: no such environment, or it cannot be made so.
        MissingDependencyError: MiniGrid is asked for and not installed.
    """
    if env_id.startswith(_MINIGRID):
        _import_minigrid(env_id)
    try:
        env = gymnasium.make(env_id, disable_env_checker=True, **kwargs)
        if not _wants_picture(env, env_id, describe):
            return env
        env.close()
        pictured = {**kwargs, "render_mode": "ansi"}
        return gymnasium.make(env_id, disable_env_checker=True, **pictured)
    except (gymnasium.error.Error, ModuleNotFoundError) as exc:
        raise UsageError(f"cannot make the Gymnasium environment {env_id!r}: {exc}") from None
    except (TypeError, KeyError, AssertionError) as exc:
        raise UsageError(f"cannot make {env_id!r} with kwargs {dict(kwargs)}: {exc}") from None


def vary(env_id: str, kwargs: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return arguments of ``gymnasium.make`` with what the seed decides filled in.

    FrozenLake with ``map_name: random-NxN`` gets a map drawn from the seed that has a way across.
    """
    if not env_id.startswith("FrozenLake") or "map_name" not in kwargs or kwargs.get("desc"):
        return dict(kwargs)
    # With null Gymnasium itself draws a map, but not from our seed.
    name = "random-8x8" if kwargs["map_name"] is None else str(kwargs["map_name"])
    if not name.startswith("random-"):
        return dict(kwargs)
    size = name.removeprefix("random-").partition("x")[0]
    if not size.isdecimal() or int(size) < 2:
        raise UsageError(f"map_name is {name!r}, expected something like random-4x4")
    from gymnasium.envs.toy_text.frozen_lake import generate_random_map

    size = str(name).removeprefix("random-").partition("x")[0]
    if not size.isdecimal() or int(size) < 2:
        raise UsageError(f"map_name is {name!r}, expected something like random-4x4")
    return {**kwargs, "desc": generate_random_map(size=int(size), seed=seed), "map_name": None}


def _wants_picture(env: gymnasium.Env[Any, Any], env_id: str, describe: str) -> bool:
    offered = "ansi" in env.metadata.get("render_modes", ())
    if describe == "render" and not offered:
        raise UsageError(f"{env_id} draws no 'ansi' picture; use 'describe: auto'")
    world = env.unwrapped
    told = hasattr(world, "describe") or known(world) is not None
    return offered and (describe == "render" or (describe == "auto" and not told))


def _import_minigrid(env_id: str) -> None:
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import minigrid  # noqa: F401 -- registers its environments
    except ModuleNotFoundError:
        raise MissingDependencyError(
            f"{env_id!r} needs MiniGrid: pip install 'agentrl[minigrid]'"
        ) from None

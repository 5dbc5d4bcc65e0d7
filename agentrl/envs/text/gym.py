"""Any Gymnasium environment with a few named actions, played in words."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agentrl.envs.base import Step, TextEnv
from agentrl.envs.text.gym_known import Ending, Known, known
from agentrl.envs.text.gym_make import make, vary
from agentrl.envs.text.gym_spaces import check_readable, readable, without_colours
from agentrl.envs.text.gym_table import best_actions
from agentrl.errors import TaskError, UsageError
from agentrl.task import Task

_DEFAULT_TURNS = 200


class GymEnv(TextEnv):
    """Any registered Gymnasium environment with discrete actions, played in words.

    The environment may say itself how it is played: ``action_names`` (the actions' names in
    order), ``describe(observation)`` (a text) and ``instructions`` on its class are used where
    they exist. Gymnasium's toy text and MiniGrid are known already.

    A task may change the arguments of ``gymnasium.make`` by ``data["kwargs"]``.

    Args:
        env: Gymnasium's id, such as ``FrozenLake-v1``; ``module:Name-v0`` imports a module first.
        kwargs: arguments for ``gymnasium.make``. For FrozenLake ``map_name: random-4x4`` draws a
            map from each task's seed.
        actions: names of the actions, in the order of the action space. null: the environment's
            own names, the known ones, or numbers.
        describe: how an observation becomes text. ``auto``: the environment's ``describe``, what
            is known about it, its ``ansi`` picture, or its values; ``render``: the ``ansi``
            picture; ``values``: the values.
        success_reward: an episode that ends by itself is a success from this return on. null:
            what the environment or our knowledge of it says, otherwise any return above 0.
    """

    facts: ClassVar[Mapping[str, str]] = {
        "grounded": "the action was legal or, where that is not told, changed what is seen",
        "score": "sum of the world's own rewards",
    }

    def __init__(
        self,
        env: str,
        kwargs: dict[str, Any] | None = None,
        actions: list[str] | None = None,
        describe: Literal["auto", "render", "values"] = "auto",
        success_reward: float | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode)
        self._id = env
        self._options = dict(kwargs or {})
        self._describe = describe
        self._success_reward = success_reward
        self._seen: Any = None
        self._info: Mapping[str, Any] = {}
        self._rewards: list[float] = []
        self._terminated = False
        self._best: NDArray[np.int64] | None = None
        self._made_with: dict[str, Any] | None = None
        self._env = self._make(self._options, seed=0)
        self._names = _names(self._env, env, actions, self._known)
        self._indexes = _indexes(self._names)
        self.max_turns = _max_turns(self._env)
        if self._describing() == "values":
            check_readable(self._env.observation_space, env)

    @property
    def instructions(self) -> str:
        own = getattr(self._world, "instructions", None)
        rules = own or (self._known.rules if self._known else _first_paragraph(self._world))
        names = ", ".join(self._names)
        return f"{rules or f'You act in {self._id}.'}\nAnswer with one action. Actions: {names}."

    def begin(self, task: Task, seed: int) -> str:
        changes = task.data.get("kwargs", {})
        if not isinstance(changes, Mapping):
            raise TaskError(f"task {task.id!r}: 'kwargs' is {changes!r}, expected a mapping")
        self._env = self._make({**self._options, **changes}, seed)
        self._seen, self._info = self._env.reset(seed=seed)
        self._terminated = False
        self._rewards = []
        return self._text()

    def act(self, action: str) -> Step:
        index = self._indexes.get(_plain(action))
        if index is None:
            return self.refuse(
                f"There is no action {action!r}. Actions: {', '.join(self._names)}.", grounded=0.0
            )
        mask = self._mask()
        before = self._text()
        start = int(getattr(self._env.action_space, "start", 0))
        self._seen, reward, terminated, truncated, self._info = self._env.step(start + index)
        self._rewards.append(float(reward))
        self._terminated = bool(terminated)
        text = self._text()
        signals = {"grounded": float(text != before if mask is None else mask[index])}
        if terminated or truncated:
            text += f"\nThe episode is over: {'success' if self._succeeded() else 'no success'}."
        return Step(text, signals, float(reward), bool(terminated), bool(truncated))

    def outcome(self) -> dict[str, float]:
        return {"success": float(self._succeeded()), "score": float(sum(self._rewards))}

    def legal_actions(self) -> tuple[str, ...] | None:
        mask = self._mask()
        if mask is None:
            return self._names
        return tuple(name for name, legal in zip(self._names, mask, strict=True) if legal)

    def expert_action(self) -> str | None:
        """Return the best action where a strategy or the table of transitions is known."""
        if self._known and self._known.expert:
            return self._names[self._known.expert(self._world, self._seen)]
        if self._best is None and _has_table(self._world):
            self._best = best_actions(self._world.P)
        if self._best is None:
            return None
        return self._names[int(self._best[int(self._world.s)])]

    def close(self) -> None:
        """Close the wrapped environment; doing it again changes nothing."""
        if self._made_with is not None:
            self._made_with = None
            self._env.close()

    def _make(self, kwargs: dict[str, Any], seed: int) -> gymnasium.Env[Any, Any]:
        wanted = vary(self._id, kwargs, seed)
        if wanted == self._made_with:
            return self._env
        self.close()
        env = make(self._id, wanted, self._describe)
        self._made_with = wanted
        self._world: Any = env.unwrapped
        self._known = known(self._world)
        self._best = None
        return env

    def _describing(self) -> str:
        if self._describe != "auto":
            return self._describe
        if hasattr(self._world, "describe"):
            return "own"
        if self._known:
            return "known"
        return "render" if self._env.render_mode == "ansi" else "values"

    def _text(self) -> str:
        how = self._describing()
        if how == "own":
            return str(self._world.describe(self._seen))
        if how == "known" and self._known:
            return self._known.describe(self._world, self._seen)
        if how == "render":
            return without_colours(str(self._env.render()))
        return readable(self._env.observation_space, self._seen)

    def _mask(self) -> NDArray[Any] | None:
        mask = self._info.get("action_mask")
        return None if mask is None else np.asarray(mask, dtype=bool)

    def _succeeded(self) -> bool:
        total = sum(self._rewards)
        if self._success_reward is not None:
            return self._terminated and total >= self._success_reward
        for name in ("success", "is_success"):
            if name in self._info:
                return bool(self._info[name])
        if self._known and self._rewards:
            last = self._rewards[-1]
            return self._known.succeeded(Ending(self._world, self._terminated, last, total))
        return self._terminated and total > 0


def _names(
    env: gymnasium.Env[Any, Any], env_id: str, given: Sequence[str] | None, known: Known | None
) -> tuple[str, ...]:
    space = env.action_space
    if not isinstance(space, spaces.Discrete):
        raise UsageError(f"{env_id} has the action space {space}; expected a Discrete one")
    own = getattr(env.unwrapped, "action_names", None)
    names = given or own or (known.actions[: space.n] if known else map(str, range(int(space.n))))
    names = tuple(str(name) for name in names)
    if len(names) != space.n:
        raise UsageError(f"{env_id} has {space.n} actions, but {len(names)} names: {names}")
    if len({_plain(name) for name in names}) != len(names):
        raise UsageError(f"{env_id}: two actions have the same name: {names}")
    return names


def _indexes(names: Sequence[str]) -> dict[str, int]:
    numbers = {str(index): index for index in range(len(names))}
    return numbers | {_plain(name): index for index, name in enumerate(names)}


def _plain(action: str) -> str:
    """Return an action without what does not matter: case, separators of words, quotes, a dot."""
    bare = action.strip().strip(".!'\"`").lower()
    return re.sub(r"(?<=[a-z])[\s_-]+|[\s_-]+(?=[a-z])", "", bare)


def _max_turns(env: gymnasium.Env[Any, Any]) -> int:
    limit = env.spec.max_episode_steps if env.spec else None
    return int(limit or getattr(env.unwrapped, "max_steps", None) or _DEFAULT_TURNS)


def _has_table(world: Any) -> bool:
    table = getattr(world, "P", None)
    return isinstance(table, Mapping) and hasattr(world, "s") and set(table) == {*range(len(table))}


def _first_paragraph(world: Any) -> str:
    lines = inspect.cleandoc(type(world).__doc__ or "").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).strip()
    return " ".join(text.split("\n\n")[0].split())

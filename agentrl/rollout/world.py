"""An environment as one episode sees it, on the thread it lives on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentrl.agents.base import Needs, View
from agentrl.envs.base import TextEnv
from agentrl.episode import Call
from agentrl.errors import EnvError, boundary
from agentrl.rollout.prefix import Prefix
from agentrl.task import Task


@dataclass(frozen=True, slots=True)
class WorldStep:
    """What a step led to, and what the agent sees next."""

    view: View
    signals: Mapping[str, float]
    reward: float
    terminated: bool
    truncated: bool
    outcome: Mapping[str, float] | None
    """Named results, once the episode ended."""
    calls: tuple[Call, ...] = ()
    """What workers did about the action."""


class World:
    """Builds, plays and closes one environment; every method runs on the environment's thread.

    What the environment raises unexpectedly becomes an ``EnvError``.
    """

    def __init__(self, name: str, build: Callable[[], TextEnv], needs: Needs) -> None:
        self._name = name
        self._build = build
        self._needs = needs
        self._env: TextEnv | None = None

    def reset(self, task: Task, seed: int, prefix: Prefix | None = None) -> tuple[View, str, int]:
        """Return the first view, the instructions, and how many turns are advised.

        With a ``prefix`` the first view is the one at its end.
        """
        with boundary(EnvError, f"reset of {self._name} for task {task.id!r}"):
            env = self._env = self._build()
            observation, _ = env.reset(seed=seed, options={"task": task})
            if prefix is not None:
                observation = prefix.play_again(env, observation)
            return self._view(env, observation), env.instructions, env.max_turns

    def step(self, action: str) -> WorldStep:
        """Take one action."""
        with boundary(EnvError, f"step of {self._name}"):
            env = self._opened()
            observation, reward, terminated, truncated, info = env.step(action)
            ended = terminated or truncated
            view = View(observation) if ended else self._view(env, observation)
            signals = _floats(info["signals"])
            outcome = _floats(info["outcome"]) if ended else None
            calls = tuple(info.get("calls", ()))
            return WorldStep(view, signals, float(reward), terminated, truncated, outcome, calls)

    def outcome(self) -> Mapping[str, float]:
        """Return the named results if the episode ended now."""
        with boundary(EnvError, f"outcome of {self._name}"):
            return _floats(self._opened().outcome())

    def close(self) -> None:
        """Close the environment if it was built."""
        env, self._env = self._env, None
        if env is not None:
            with boundary(EnvError, f"close of {self._name}"):
                env.close()

    def _opened(self) -> TextEnv:
        assert self._env is not None, "step before reset"
        return self._env

    def _view(self, env: TextEnv, observation: str) -> View:
        return View(
            observation,
            env.legal_actions() if Needs.LEGAL_ACTIONS in self._needs else None,
            env.expert_action() if Needs.EXPERT_ACTION in self._needs else None,
            env.choices() if Needs.CHOICES in self._needs else None,
        )


def _floats(facts: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in facts.items()}

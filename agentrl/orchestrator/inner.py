"""The task behind an orchestrated one: what is asked, and how good an answer is."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env, env_class
from agentrl.errors import UsageError
from agentrl.suite.agent import EnvSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task


@dataclass(frozen=True, slots=True)
class Graded:
    """What an environment says of an answer that was handed in."""

    outcome: Mapping[str, float]
    observation: str = ""
    """What it said last."""
    signals: Mapping[str, float] = field(default_factory=dict)
    """Facts of the turns that handed it in; of several, the last word."""


def inner_spec(env: Mapping[str, Any]) -> EnvSpec:
    """Return the inner environment that the option ``env`` describes.

    Raises:
        UsageError: it describes none.
    """
    try:
        return EnvSpec.model_validate(dict(env))
    except (ValidationError, TypeError, ValueError) as exc:
        raise UsageError(
            f"the option env is {env!r}, expected the environment whose tasks are solved, such as "
            f"{{id: agentrl/QA-v0}}: {exc}"
        ) from None


def inner_class(options: Mapping[str, Any]) -> type[TextEnv]:
    """Return the class of the inner environment that the options of an outer one name.

    Raises:
        UsageError: there is none.
    """
    return env_class(inner_spec(options.get("env", {})).id)


class Inner:
    """Asks a task's question and grades answers to it, each in an environment of its own.

    Grading begins the task anew, so that asking for the outcome so far changes nothing.
    """

    def __init__(self, spec: EnvSpec, sandbox: SandboxSpec) -> None:
        """
        Args:
            spec: the environment whose tasks are solved.
            sandbox: where it runs code, if it does.

        Raises:
            UsageError: it cannot be built.
        """
        self._spec, self._sandbox = spec, sandbox
        self._graded: dict[str, Graded] = {}
        self._task: Task | None = None
        self._seed = 0
        self._build().close()

    def begin(self, task: Task, seed: int) -> str:
        """Return the question: the rules of the environment and what it shows first."""
        self._task, self._seed = task, seed
        self._graded.clear()
        with closing(self._build()) as env:
            observation, _ = env.reset(seed=seed, options={"task": task})
            return f"{env.instructions}\n\n{observation}"

    def grade(self, answer: str | None) -> Graded:
        """Return what an answer is worth; None: that of saying nothing.

        Raises:
            UnscoredError: it cannot be told.
        """
        key = "" if answer is None else f"={answer}"
        if key not in self._graded:
            with closing(self._build()) as env:
                env.reset(seed=self._seed, options={"task": self._task})
                self._graded[key] = _handed_in(env, answer)
        return self._graded[key]

    def _build(self) -> TextEnv:
        return build_env(self._spec, self._sandbox)


def _handed_in(env: TextEnv, answer: str | None) -> Graded:
    signals: dict[str, float] = {}
    observation, outcome = "", None
    for action in () if answer is None else env.actions_for(answer):
        observation, _, terminated, truncated, info = env.step(action)
        signals |= info["signals"]
        if terminated or truncated:
            outcome = info["outcome"]
            break
    return Graded(env.outcome() if outcome is None else outcome, observation, signals)

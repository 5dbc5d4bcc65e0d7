"""The task behind an orchestrated one: what is asked, and how good an answer is."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from agentrl.envs.base import TextEnv
from agentrl.envs.build import build_env, env_class
from agentrl.errors import UsageError
from agentrl.orchestrator.recall import Recall
from agentrl.suite.agent import EnvSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.task import Task

T = TypeVar("T")


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

    Grading begins the task anew, so that asking for the outcome so far changes nothing. A world is
    the same whenever it has the same task and seed, so what one without a sandbox said once is not
    asked of it again in this process.
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
        self._name = spec.model_dump_json()
        chosen = env_class(spec.id)
        self._remembers = not chosen.sandboxed and getattr(chosen, "remembered", True)
        self._graded: dict[str, Graded] = {}
        self._task: Task | None = None
        self._seed = 0
        if _BUILT.get(self._name) is None:
            self._build().close()
            _BUILT.put(self._name, True)

    def begin(self, task: Task, seed: int) -> str:
        """Return the question: the rules of the environment and what it shows first."""
        self._task, self._seed = task, seed
        self._graded.clear()
        return self._same_again(_QUESTIONS, "", self._ask)

    def grade(self, answer: str | None) -> Graded:
        """Return what an answer is worth; None: that of saying nothing.

        Raises:
            UnscoredError: it cannot be told.
        """
        key = "" if answer is None else f"={answer}"
        if key not in self._graded:
            self._graded[key] = self._same_again(_GRADES, key, lambda: self._grade(answer))
        return self._graded[key]

    def _ask(self) -> str:
        with closing(self._build()) as env:
            observation, _ = env.reset(seed=self._seed, options={"task": self._task})
            return f"{env.instructions}\n\n{observation}"

    def _grade(self, answer: str | None) -> Graded:
        with closing(self._build()) as env:
            env.reset(seed=self._seed, options={"task": self._task})
            return _handed_in(env, answer)

    def _same_again(
        self, known: Recall[tuple[Task | None, T]], about: str, find: Callable[[], T]
    ) -> T:
        if not self._remembers:
            return find()
        task = self._task
        key = (self._name, task and task.id, self._seed, about)
        same, found = known.get(key) or (None, None)
        if found is None or same != task:
            found = find()
            known.put(key, (task, found))
        return found

    def _build(self) -> TextEnv:
        return build_env(self._spec, self._sandbox)


_QUESTIONS = Recall[tuple[Task | None, str]](4096)
_GRADES = Recall[tuple[Task | None, Graded]](16_384)
_BUILT = Recall[bool](64)


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

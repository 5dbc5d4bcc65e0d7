"""The environment contract: a gymnasium environment whose observations and actions are text.

An environment states facts and never weighs them. After each step ``info["signals"]`` holds named
facts about the turn as floats; when the episode ends ``info["outcome"]`` holds named results.
What they are worth is the rewards' business.

A subclass writes five members: ``instructions``, ``begin``, ``act``, ``outcome`` and, where a
solution is known, ``expert_action``. ``docs/environments/README.md`` shows one in full.
"""

import string
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
from gymnasium.spaces import Space

from agentrl.envs.rows import read_rows
from agentrl.episode import Call
from agentrl.errors import TaskError
from agentrl.task import Task


class FreeText(Space[str]):
    """The space of all texts. ``sample`` draws printable ones of up to 40 characters."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(shape=None, dtype=None, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        return False

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        length = int(self.np_random.integers(1, 41))
        letters = self.np_random.integers(0, len(string.printable), size=length)
        return "".join(string.printable[i] for i in letters)

    def contains(self, x: Any) -> bool:
        return isinstance(x, str)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreeText)

    def __repr__(self) -> str:
        return "FreeText()"


_ALWAYS_STATED = {
    "success": "the task was solved",
    "format_ok": "the action could be understood",
    "constrained": "the model could choose among legal actions only",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What an action led to."""

    observation: str
    signals: Mapping[str, float] = field(default_factory=dict)
    """Facts about this turn."""
    reward: float = 0.0
    """The world's own reward, unweighted."""
    terminated: bool = False
    """The world reached an end of its own."""
    truncated: bool = False
    """The world reached a limit of its own."""
    calls: tuple[Call, ...] = ()
    """What workers did about the action, for an environment that asks some."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The actions that make sense at one moment, as a policy over a few of them sees them."""

    text: str
    """What the decision is about."""
    actions: tuple[str, ...]
    """The legal actions."""
    words: tuple[str, ...]
    """Of each action what is known of it in words, which need not be what it is called."""
    facts: tuple[tuple[float, ...], ...]
    """Of each action the numbers that ``TextEnv.choice_facts`` names, in that order."""


class TextEnv(gymnasium.Env[str, str], ABC):
    """A world of text: ``reset`` shows the first observation, ``step`` takes an action.

    One instance plays one episode at a time and lives on one thread from ``reset`` to ``close``.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"]}
    blocking: ClassVar[bool] = False
    """Whether a step waits for another process; such an environment gets a thread of its own."""
    sandboxed: ClassVar[bool] = False
    """Whether it runs code that nobody vouches for; its constructor then takes the suite's section
    ``sandbox`` as the keyword ``sandbox``."""
    orchestrated: ClassVar[bool] = False
    """Whether it asks workers; its constructor then takes the suite's sections ``orchestrator`` and
    ``sandbox`` as keywords."""
    facts: ClassVar[Mapping[str, str]] = {}
    """What it states, as signals of a turn or results of the outcome, with what each means; a name
    may be a pattern (``test_*``). ``success`` and ``format_ok`` go without saying. Empty: not told,
    so that a reward is not checked before episodes are there."""
    choice_facts: ClassVar[tuple[str, ...]] = ()
    """Names of the numbers that ``choices`` tells of every action; few and of about the size of 1,
    so that a small policy learns from them. Empty: an action is known by its words alone."""
    max_turns: int = 50
    """Turns that a good agent needs at most; the limit where the suite sets none."""

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.observation_space = FreeText()
        self.action_space = FreeText()
        self._observation: str | None = None
        self._ended = False

    @property
    @abstractmethod
    def instructions(self) -> str:
        """The task's rules and the form of an action, as told to a model. Fixed by ``reset``."""

    @abstractmethod
    def begin(self, task: Task, seed: int) -> str:
        """Set up the world of ``task`` and return the first observation.

        Args:
            task: what to attempt; ``task.data`` holds what this environment asks for.
            seed: decides everything random in the world, now and later in the episode.

        Raises:
            TaskError: the task lacks something or is not solvable.
        """

    @abstractmethod
    def act(self, action: str) -> Step:
        """Carry out one action. One that makes no sense is answered with ``refuse``."""

    @abstractmethod
    def outcome(self) -> dict[str, float]:
        """Return the named results if the episode ended now; ``success`` is one of them.

        Raises:
            UnscoredError: the results cannot be determined.
        """

    def legal_actions(self) -> tuple[str, ...] | None:
        """Return every action that makes sense now, or None where they cannot be listed."""
        return None

    def choices(self) -> Choices | None:
        """Return the legal actions with what is known of each; None where they cannot be listed."""
        actions = self.legal_actions()
        if actions is None:
            return None
        return Choices(self._observation or "", actions, actions, ((),) * len(actions))

    @classmethod
    def lists_actions(cls) -> bool:
        """Whether it lists legal actions at all; it may not at every moment."""
        overrides = (cls.legal_actions, cls.choices)
        return overrides != (TextEnv.legal_actions, TextEnv.choices)

    def expert_action(self) -> str | None:
        """Return the next action of a known solution from here, or None without one."""
        return None

    @classmethod
    def generate(cls, count: int, seed: int, options: Mapping[str, Any]) -> Sequence[Task]:
        """Return ``count`` tasks, the same for the same ``seed`` and constructor ``options``."""
        return [Task(id=f"seed-{seed + i}", seed=seed + i) for i in range(count)]

    @classmethod
    def played(cls, options: Mapping[str, Any]) -> "type[TextEnv]":
        """Return the class whose tasks are attempted: itself, unless it stands around another.

        Args:
            options: what the constructor gets.
        """
        return cls

    def check_stated(self, fact: str) -> None:
        """See that it can state a fact that a reward asks for, as it is set up.

        Raises:
            UsageError: it cannot; says why.
        """

    @classmethod
    def stated(cls) -> dict[str, str]:
        """Return every fact that it may state with its meaning; empty where it does not tell."""
        return {**_ALWAYS_STATED, **cls.facts} if cls.facts else {}

    @classmethod
    def rows(cls, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the rows of a task file, each with its number from 1.

        The usual forms are read here; an environment that knows others overrides it.

        Raises:
            TaskError: the file cannot be read.
            MissingDependencyError: reading a Parquet file needs pyarrow.
        """
        return read_rows(path)

    @classmethod
    def task(cls, row: Mapping[str, Any], number: int) -> Task:
        """Return the task that one row of a task file holds; ``number`` counts rows from 1.

        Raises:
            TaskError: the row lacks something.
        """
        data = dict(row)
        task_id, group = data.pop("id", None), data.pop("group", "")
        seed = data.pop("seed", None)
        if not isinstance(task_id, str | int):
            raise TaskError(f"'id' is {task_id!r}, expected a text or a number")
        if seed is not None and not isinstance(seed, int):
            raise TaskError(f"'seed' is {seed!r}, expected a whole number")
        return Task(id=str(task_id), group=str(group), seed=seed, data=data)

    def actions_for(self, answer: str) -> tuple[str, ...]:
        """Return the actions that hand in a whole answer, for who solves the task in one go.

        Args:
            answer: what somebody else worked out: the answer to a question, a program, a patch.
        """
        return (answer,)

    def handed_in(self) -> str | None:
        """Return what the agent has worked out so far, as ``actions_for`` takes it.

        None: it is what the agent did last.
        """
        return None

    def refuse(self, why: str, **signals: float) -> Step:
        """Return the answer to an action that cannot be understood: the world stays as it is."""
        return Step(why, {"format_ok": 0.0, **signals})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Begin ``options["task"]``, or a task made from ``seed`` alone."""
        super().reset(seed=seed)
        task = (options or {}).get("task")
        if task is not None and not isinstance(task, Task):
            raise TaskError(f'options["task"] is {task!r}, expected an agentrl.task.Task')
        if seed is None:
            seed = int(self.np_random.integers(2**31))
        self._observation = self.begin(task or Task(id=f"seed-{seed}", seed=seed), seed)
        self._ended = False
        return self._observation, {"signals": {}}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Take one action; see ``gymnasium.Env.step`` for the five results."""
        if self._observation is None:
            raise gymnasium.error.ResetNeeded("step before reset: call reset first")
        if self._ended:
            raise gymnasium.error.ResetNeeded("step after the episode ended: call reset first")
        step = self.act(action)
        self._observation = step.observation
        self._ended = step.terminated or step.truncated
        info: dict[str, Any] = {"signals": {"format_ok": 1.0, **step.signals}}
        if step.calls:
            info["calls"] = step.calls
        if self._ended:
            info["outcome"] = self.outcome()
        return step.observation, step.reward, step.terminated, step.truncated, info

    def render(self) -> Any:
        """Return what the agent saw last."""
        return self._observation

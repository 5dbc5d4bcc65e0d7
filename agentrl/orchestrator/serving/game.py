"""One question as an episode: what goes on in it can be seen, and stopped."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from agentrl.agents.base import Agent, View
from agentrl.envs.base import TextEnv
from agentrl.orchestrator.loop import Scope
from agentrl.orchestrator.watch import Event, watched
from agentrl.orchestrator.workflow import Workflow
from agentrl.rollout.prefix import Prefix
from agentrl.rollout.world import World, WorldStep
from agentrl.task import Task

T = TypeVar("T")

Told = Event | str
"""What goes on: an event of a workflow, or what the policy wrote or chose."""
Tell = Callable[[Told], None]


class Game(World):
    """The world of one question, on its lane.

    Args:
        name: what complaints call the environment.
        build: makes it.
        agent: who plays.
        tell: is told what goes on, on the loop that runs now; None: nobody is.
    """

    def __init__(
        self, name: str, build: Callable[[], TextEnv], agent: Agent, tell: Tell | None = None
    ) -> None:
        super().__init__(name, build, agent.needs)
        self.agent = agent
        self.scope = Scope()
        """Cancels what workers do about the question."""
        self.answer: str | None = None
        """What was worked out, after ``close``."""
        self.workflows: list[Workflow] = []
        """What was executed, in order."""
        self._tell = tell
        self._loop = asyncio.get_running_loop()

    def reset(self, task: Task, seed: int, prefix: Prefix | None = None) -> tuple[View, str, int]:
        return self._seen(lambda: super(Game, self).reset(task, seed, prefix))

    def step(self, action: str) -> WorldStep:
        self._pass_on(action)
        return self._seen(lambda: super(Game, self).step(action))

    def close(self) -> None:
        try:
            if self._env is not None:
                self.answer = self._env.handed_in()
        finally:
            super().close()

    def _seen(self, function: Callable[[], T]) -> T:
        with self.scope, watched(self._see):
            return function()

    def _see(self, event: Event) -> None:
        if isinstance(event, Workflow):
            self.workflows.append(event)
        self._pass_on(event)

    def _pass_on(self, told: Told) -> None:
        if self._tell is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._tell, told)

"""A public agent double: a function that acts."""

import inspect
from collections.abc import Awaitable, Callable

from agentrl.agents.base import Action, Needs, View

Policy = Callable[[View], Action | Awaitable[Action | None] | None]
"""What to do at a view; may be a coroutine function, and may raise."""


class FunctionAgent:
    """An agent whose every action is what a function says; it remembers nothing."""

    name = "function"
    needs = Needs.LEGAL_ACTIONS | Needs.EXPERT_ACTION

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def start(self) -> None:
        pass

    def session(self, episode_id: str, instructions: str, seed: int) -> "FunctionAgent":
        return self

    async def act(self, view: View) -> Action | None:
        action = self._policy(view)
        return await action if inspect.isawaitable(action) else action

    async def close(self) -> None:
        pass

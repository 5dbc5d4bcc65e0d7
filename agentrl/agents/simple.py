"""Agents without a model: the known solution, and chance."""

import random

from agentrl.agents.base import Action, Needs, View
from agentrl.errors import UsageError


class ExpertAgent:
    """Follows the environment's own solution; the yardstick of what can be reached."""

    name = "expert"
    needs = Needs.EXPERT_ACTION

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "ExpertSession":
        """Open an episode."""
        return ExpertSession()

    async def close(self) -> None:
        """Nothing to give back."""


class ExpertSession:
    """An episode of the known solution."""

    async def act(self, view: View) -> Action | None:
        """Return the solution's next action; None where no solution is known."""
        return None if view.expert_action is None else Action(view.expert_action)


class RandomAgent:
    """Draws among the legal actions; the yardstick of what chance reaches."""

    name = "random"
    needs = Needs.LEGAL_ACTIONS

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "RandomSession":
        """Open an episode whose draws ``seed`` decides."""
        return RandomSession(seed)

    async def close(self) -> None:
        """Nothing to give back."""


class RandomSession:
    """An episode of chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    async def act(self, view: View) -> Action | None:
        """Return one of the legal actions; None where there is none left.

        Raises:
            UsageError: the environment does not list its legal actions.
        """
        if view.legal_actions is None:
            raise UsageError(
                "the random agent draws among the environment's legal actions, and this "
                "environment does not list them; use another agent, or another environment"
            )
        return Action(self._random.choice(view.legal_actions)) if view.legal_actions else None

"""Agents without a model: the known solution, and chance."""

import random

from agentrl.agents.base import Action, Needs, View
from agentrl.envs.base import FreeText


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
    """Draws among the legal actions; the yardstick of what chance reaches.

    Where an environment takes any text and lists no actions, it answers with random characters.
    """

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
        self._texts = FreeText(seed)

    async def act(self, view: View) -> Action | None:
        """Return one of the legal actions; None where there is none left."""
        if view.legal_actions is None:
            return Action(self._texts.sample())
        return Action(self._random.choice(view.legal_actions)) if view.legal_actions else None

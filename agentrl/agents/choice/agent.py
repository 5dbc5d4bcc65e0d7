"""An agent that chooses among the environment's legal actions with a small network."""

import math
from collections.abc import Callable

import numpy as np

from agentrl.agents.base import Action, Needs, View
from agentrl.agents.choice.policy import ChoicePolicy, Decision
from agentrl.episode import Generation, Sampling
from agentrl.errors import ModelError

Note = Callable[[str, Decision], None]
"""Takes the id of an episode and a decision in it."""


class ChoiceAgent:
    """Follows a choice policy.

    Args:
        policy: its weights may change while it acts; each decision uses those of its moment.
        temperature: what scores are divided by; 0: always the action with the highest score.
        note: is told every decision; None: nobody is.
    """

    name = "choice"
    needs = Needs.CHOICES

    def __init__(
        self, policy: ChoicePolicy, temperature: float = 1.0, note: Note | None = None
    ) -> None:
        self._policy = policy
        self._sampling = Sampling(temperature=temperature, max_tokens=1)
        self._note = note

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "ChoiceSession":
        """Open an episode whose draws ``seed`` decides."""
        return ChoiceSession(self._policy, self._sampling, episode_id, seed, self._note)

    async def close(self) -> None:
        """Nothing to give back."""


class ChoiceSession:
    """An episode of a choice policy."""

    def __init__(
        self,
        policy: ChoicePolicy,
        sampling: Sampling,
        episode_id: str,
        seed: int,
        note: Note | None,
    ) -> None:
        self._policy, self._sampling = policy, sampling
        self._episode, self._note = episode_id, note
        self._chance = np.random.default_rng([seed, 2])

    async def act(self, view: View) -> Action | None:
        """Return the next action; None where there is none left."""
        return self.decide(view)

    def decide(self, view: View) -> Action | None:
        """Return the next action at once.

        Raises:
            ModelError: the environment does not list its actions.
        """
        choices = view.choices
        if choices is None:
            raise ModelError(
                "a choice policy needs an environment that lists its legal actions, and this one "
                "lists none here; take an agent of kind 'llm'"
            )
        if not choices.actions:
            return None
        rows, likely = self._policy.probabilities(choices, self._sampling.temperature)
        taken = self._drawn(likely)
        logprob = math.log(likely[taken])
        if self._note is not None:
            self._note(self._episode, Decision(rows, taken, logprob))
        action = choices.actions[taken]
        generation = Generation(
            text=action,
            finish_reason="stop",
            model="choice",
            sampling=self._sampling,
            weights_version=self._policy.version,
        )
        return Action(action, (generation,))

    def _drawn(self, likely: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> int:
        if self._sampling.temperature == 0:
            return int(likely.argmax())
        point = self._chance.random()
        drawn = int(np.searchsorted(likely.cumsum(), point, side="right"))
        return drawn if drawn < len(likely) and likely[drawn] > 0 else int(likely.argmax())

"""An agent that chooses among the environment's legal actions with a small network."""

from collections.abc import Callable

import numpy as np

from agentrl.agents.base import Action, Needs, View
from agentrl.agents.choice.layout import Matrix
from agentrl.agents.choice.policy import ChoicePolicy
from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import UsageError

Plays = Callable[[str], ChoicePolicy]
"""Returns the policy that plays the episode of an id."""
Note = Callable[[str, int, Matrix], None]
"""Takes of a decision the episode's id, the turn, and the rows it was made by."""


class ChoiceAgent:
    """Follows a choice policy.

    A decision is recorded as a model's answer of one token. The token is the number of the action
    among the legal ones, which are its ``allowed`` tokens, and the tokens of its prompt are the
    decisions so far: of each how many actions were legal, and which was taken.

    Args:
        plays: says who plays an episode, when it begins.
        temperature: what scores are divided by; 0: always the action with the highest score.
        note: is told every decision; None: nobody is.
    """

    name = "choice"
    needs = Needs.CHOICES

    def __init__(self, plays: Plays, temperature: float = 1.0, note: Note | None = None) -> None:
        self._plays = plays
        self._sampling = Sampling(temperature=temperature, max_tokens=1)
        self._note = note

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "ChoiceSession":
        """Open an episode whose draws ``seed`` decides."""
        return ChoiceSession(self._plays(episode_id), self._sampling, episode_id, seed, self._note)

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
        self._turn = 0
        self._decided: tuple[int, ...] = ()

    async def act(self, view: View) -> Action | None:
        """Return the next action; None where there is none left.

        Raises:
            UsageError: the environment does not list its actions, or tells other facts of them
                than the policy goes by.
        """
        choices = view.choices
        if choices is None:
            raise UsageError(
                "a choice policy chooses among the legal actions of its environment, and this one "
                "lists none here; take an agent of kind 'llm'"
            )
        if not choices.actions:
            return None
        rows = self._policy.layout.rows(choices)
        if self._note is not None:
            self._note(self._episode, self._turn, rows)
        self._turn += 1
        action, generation = self._decide(rows, choices.actions)
        return Action(action, (generation,))

    def _decide(self, rows: Matrix, actions: tuple[str, ...]) -> tuple[str, Generation]:
        taken, logprob = self._taken(rows)
        prompt = (*self._decided, len(actions))
        self._decided = (*prompt, taken)
        generation = Generation(
            text=actions[taken],
            finish_reason="stop",
            model="choice",
            sampling=self._sampling,
            usage=Usage(len(prompt), 1),
            token_ids=(taken,),
            logprobs=(logprob,),
            prompt_token_ids=prompt,
            allowed=(tuple(range(len(actions))),),
            weights_version=self._policy.version,
        )
        return actions[taken], generation

    def _taken(self, rows: Matrix) -> tuple[int, float]:
        """Return the number of the action taken, and its log-probability."""
        if self._sampling.temperature == 0:
            return int(self._policy.scores(rows).argmax()), 0.0
        logprobs = self._policy.logprobs(rows, self._sampling.temperature)
        point = self._chance.random()
        drawn = int(np.searchsorted(np.exp(logprobs).cumsum(), point, side="right"))
        taken = min(drawn, len(logprobs) - 1)  # the sum may stay a rounding below 1
        return taken, float(logprobs[taken])

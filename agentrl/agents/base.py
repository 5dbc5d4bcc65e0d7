"""What every agent is: something that opens a session for an episode and then acts in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Protocol

from agentrl.envs.base import Choices
from agentrl.episode import Generation


class Needs(Flag):
    """What an agent wants to be shown beside the observation; computing it may cost time."""

    NOTHING = 0
    LEGAL_ACTIONS = auto()
    EXPERT_ACTION = auto()
    CHOICES = auto()


@dataclass(frozen=True, slots=True)
class View:
    """What an agent is shown at one turn."""

    observation: str
    legal_actions: tuple[str, ...] | None = None
    """Every action that makes sense now; None unless asked for and known."""
    expert_action: str | None = None
    """The next action of a known solution; None unless asked for and known."""
    choices: Choices | None = None
    """The legal actions with what is known of each; None unless asked for and known."""


@dataclass(frozen=True, slots=True)
class Action:
    """What an agent does at one turn."""

    text: str
    """The action for the environment, or the whole answer where it holds no action."""
    generations: tuple[Generation, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    """Facts that the agent's parser states about the answer."""
    refusal: str | None = None
    """Set where the answer holds no action: what was wrong, told to the agent instead of a step."""


class Session(Protocol):
    """One agent in one episode."""

    async def act(self, view: View) -> Action | None:
        """Return what to do next; None where the agent has nothing to offer.

        Raises:
            ContextFullError: the conversation no longer fits and must not be shortened.
            InfrastructureError: the model behind the agent failed.
        """


class Agent(Protocol):
    """Something that can act in many episodes at a time."""

    @property
    def name(self) -> str:
        """What records and reports call it."""

    @property
    def needs(self) -> Needs:
        """What its views must hold."""

    async def start(self) -> None:
        """Make ready what the agent stands on, such as its model."""

    def session(self, episode_id: str, instructions: str, seed: int) -> Session:
        """Open an episode.

        Args:
            episode_id: names the episode; a model keeps its cache by it.
            instructions: the environment's rules and the form of an action.
            seed: decides everything random about the agent in this episode.
        """

    async def close(self) -> None:
        """Give back what ``start`` took."""

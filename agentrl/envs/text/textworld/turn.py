"""What the process that hosts a game tells the environment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """The state of a game after a command."""

    feedback: str
    """The game's answer to the command, without score and prompt; empty at the beginning."""
    room: str
    """Description of the room that the player is in."""
    inventory: str
    """What the player carries."""
    accepted: bool
    """The world carried the command out."""
    score: int
    """Points so far."""
    won: bool
    lost: bool
    plan: tuple[str, ...] | None
    """Commands that win from here; None where TextWorld knows none."""
    legal: tuple[str, ...] | None = None
    """Every command that makes sense now; None unless asked for."""

    @property
    def over(self) -> bool:
        """Whether the game has ended."""
        return self.won or self.lost


@dataclass(frozen=True, slots=True)
class Opening:
    """A game that was just begun."""

    turn: Turn
    objective: str
    """What the player has to do; empty in a game that does not tell."""
    max_score: float
    """Points of a won game; infinite where a quest can be repeated."""
    walkthrough: tuple[str, ...]
    """Commands that win from the beginning; empty where the game comes without."""

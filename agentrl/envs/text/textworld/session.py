"""One game that is being played: what is known about it, and its solution from here."""

from dataclasses import replace
from pathlib import Path

from agentrl.envs.text.textworld.process import GameProcess
from agentrl.envs.text.textworld.turn import Turn

_OBSERVING = ("look", "inventory", "examine", "goal", "help")


class Session:
    """A game from its beginning on, in a process that hosts it.

    Args:
        process: where the game is loaded.
        game: the compiled game.
        legal: whether every turn tells the legal commands.
    """

    def __init__(self, process: GameProcess, game: Path, legal: bool) -> None:
        self._process = process
        self._legal = legal
        self.opening = process.load(game, legal)
        self.turn = self.opening.turn
        self._walkthrough = [command.lower() for command in self.opening.walkthrough]

    def step(self, command: str) -> Turn:
        """Type a command, and return what the game is like then."""
        self.turn = self._process.step(command, self._legal)
        self._follow_walkthrough(command.lower())
        return self.turn

    def legal(self) -> tuple[str, ...]:
        """Return every command that makes sense now; asking costs a round trip, once a turn."""
        if self.turn.legal is None:
            self.turn = replace(self.turn, legal=self._process.legal())
        return self.turn.legal or ()

    def expert(self) -> str | None:
        """Return the next command of TextWorld's plan, which starts from wherever the player is.

        A game without plans has a walkthrough: it is followed as long as the player does.
        """
        if self.opening.turn.plan is not None:
            return self.turn.plan[0] if self.turn.plan else None
        return self._walkthrough[0] if self._walkthrough else None

    def _follow_walkthrough(self, command: str) -> None:
        if self._walkthrough[:1] == [command]:
            # Also where the world did not carry it out: some walkthroughs open an open door.
            del self._walkthrough[0]
        elif self.turn.accepted and not command.startswith(_OBSERVING):
            self._walkthrough.clear()

"""The decisions of a step's episodes, which their records name and do not hold."""

from agentrl.agents.choice.layout import Matrix


class Decisions:
    """What every legal action looked like when a choice was made, by episode and turn.

    A record says how many actions there were and which was taken. Their rows would make it ten
    times as large, so they stay here until the step has learnt from them.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], Matrix] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def note(self, episode_id: str, turn: int, rows: Matrix) -> None:
        """Keep a decision; that of an attempt which is begun again is replaced."""
        self._rows[episode_id, turn] = rows

    def rows(self, episode_id: str, turn: int) -> Matrix:
        """Return the actions of a decision, ``[actions, columns]``."""
        return self._rows[episode_id, turn]

    def forget(self) -> None:
        """Let go of every decision."""
        self._rows.clear()

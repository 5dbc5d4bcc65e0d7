"""Which subgoals an episode has reached so far."""

from collections.abc import Collection, Sequence

from agentrl.rewards.subgoals.subgoal import Invariant, Subgoal


class Tracker:
    """Follows one episode, turn by turn.

    Args:
        subgoals: in order.
        invariants: what must hold all the way.
        ordered: whether each subgoal counts only after all before it.
    """

    def __init__(
        self, subgoals: Sequence[Subgoal], invariants: Sequence[Invariant], *, ordered: bool
    ) -> None:
        self._left = list(subgoals)
        self._invariants = tuple(invariants)
        self._ordered = ordered
        self.broken: str | None = None
        """The invariant that was broken first; None: all hold."""

    @property
    def watched(self) -> tuple[Subgoal | Invariant, ...]:
        """What must be known about the next turn; nothing once an invariant is broken."""
        return () if self.broken else (*self._left, *self._invariants)

    def step(self, held: Collection[str]) -> tuple[str, ...]:
        """Return the subgoals that a turn is the first to reach.

        A turn that breaks an invariant reaches nothing.

        Args:
            held: names of what holds for the turn, of all that is watched.
        """
        if self.broken:
            return ()
        for invariant in self._invariants:
            if (invariant.name in held) == (invariant.mode == "never"):
                self.broken = invariant.name
                return ()
        reached = []
        for goal in list(self._left):
            if goal.name in held:
                reached.append(goal.name)
                self._left.remove(goal)
            elif self._ordered:
                break
        return tuple(reached)

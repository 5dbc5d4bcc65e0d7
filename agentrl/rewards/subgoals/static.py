"""Subgoals from the suite."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from agentrl.rewards.subgoals.subgoal import Invariant, Subgoal, predicate
from agentrl.suite.reward.subgoals import InvariantSpec, PredicateSpec
from agentrl.task import Task


class StaticSubgoals:
    """Gives each task the subgoals that the suite names for it; see ``SubgoalProvider``.

    Args:
        specs: the suite's, in order.
    """

    def __init__(self, specs: Sequence[PredicateSpec]) -> None:
        self._subgoals = [
            (spec.tasks, Subgoal(spec.name, spec.text, predicate(spec))) for spec in specs
        ]

    async def subgoals(self, task: Task) -> tuple[Subgoal, ...]:
        """See ``SubgoalProvider.subgoals``."""
        return tuple(goal for tasks, goal in self._subgoals if fnmatchcase(task.id, tasks))

    async def close(self) -> None:
        """Nothing to let go of."""


def invariants_of(specs: Sequence[InvariantSpec], task_id: str) -> tuple[Invariant, ...]:
    """Return the invariants that the suite names for a task."""
    return tuple(
        Invariant(spec.name, spec.text, predicate(spec), spec.mode)
        for spec in specs
        if fnmatchcase(task_id, spec.tasks)
    )

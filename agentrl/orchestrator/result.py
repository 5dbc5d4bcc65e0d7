"""What the execution of a workflow came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agentrl.episode import Call

Stopped = Literal["", "budget", "deadline"]


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """What the workers of a workflow answered."""

    answer: str
    """The workflow's answer: that of its answer node, or the vote of several. Where none of them
    has one, the answer of the last node that has; empty where nobody answered."""
    answers: Mapping[str, str]
    """Every node's answer, by its id; a node without one is missing."""
    calls: tuple[Call, ...]
    """Every try of every node, those that failed too, in the order in which they began."""
    failed: Mapping[str, str]
    """The nodes that have no answer though they were begun, with the reason."""
    cost_usd: float
    duration_s: float
    stopped: Stopped = ""
    """Why nodes were left out: the money or the time was used up; empty where none was."""

    @property
    def whole(self) -> bool:
        """Whether nothing failed or was left out, so that it may stand for asking again."""
        return not (self.stopped or self.failed or any(call.error for call in self.calls))

    def begun_within(self, usd: float | None) -> bool:
        """Return whether so much money would have let every call begin; None: there is no limit."""
        return usd is None or all(self._spent_before(call) < usd for call in self.calls)

    def _spent_before(self, call: Call) -> float:
        ended = [c for c in self.calls if c is not call and c.finished_s <= call.started_s]
        return sum(c.generation.cost_usd for c in ended if c.generation)

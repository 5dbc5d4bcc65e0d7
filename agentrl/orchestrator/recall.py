"""What was asked before in this process, at hand without a disk or another thread."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from agentrl.orchestrator.result import WorkflowResult


class Recall:
    """The results of the newest workflows, for whoever asks for exactly the same again.

    It stands before ``WorkflowCache`` and keeps what that keeps: results in which nothing failed.
    Any thread may use it.
    """

    def __init__(self, most: int = 100_000) -> None:
        """
        Args:
            most: how many results stay; those that nobody asked for the longest go.
        """
        self._most = most
        self._known: OrderedDict[Hashable, WorkflowResult] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> WorkflowResult | None:
        """Return what is known, if anything is."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def put(self, key: Hashable, result: WorkflowResult) -> None:
        """Keep a result in which nothing failed."""
        if result.stopped or result.failed or any(call.error for call in result.calls):
            return
        with self._lock:
            self._known[key] = result
            while len(self._known) > self._most:
                self._known.popitem(last=False)


RECALL = Recall()
"""That of this process."""

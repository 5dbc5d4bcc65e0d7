"""The progress of a grading while it goes on."""

from agentrl.grading.result import Result
from agentrl.view.live import LiveProgress


class GradingProgress(LiveProgress):
    """A line that tells how many patches are graded and how many resolve their instance."""

    def count(self, result: Result, *, resumed: bool = False) -> None:
        """Count a patch that was graded, or with ``resumed`` one of an earlier session."""
        self._done += 1
        self._resumed += resumed
        if result.verdict is None:
            self._left_out += 1
        else:
            self._tasks.add(f"{result.model} {result.instance_id}")
            self._scored += 1
            self._success += result.verdict.resolved
        self.tick()

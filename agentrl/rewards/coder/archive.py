"""A search's programs as plain files."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from agentrl.errors import UsageError
from agentrl.rewards.coder.attempt import Attempt, best_of

BEST = "best.py"
"""Name of the file with the fittest program: what a label of kind ``code`` may name."""


class Archive:
    """A folder with one folder an attempt (``round-1/candidate-1``), ``history.json``, ``best.py``.

    An attempt's folder holds ``program.py``, ``answer.txt`` (what the model said), ``result.json``
    and ``feedback.txt``.

    Args:
        folder: made where it is missing.

    Raises:
        UsageError: it holds another search already.
    """

    def __init__(self, folder: Path) -> None:
        if (folder / "history.json").exists():
            raise UsageError(f"{folder} holds another search already; give a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def add(self, attempt: Attempt, answer: str) -> None:
        """Keep an attempt."""
        folder = self._folder / f"round-{attempt.round + 1}" / f"candidate-{attempt.index + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "program.py", attempt.source)
        _write(folder / "answer.txt", answer)
        _write(folder / "feedback.txt", attempt.failure or attempt.feedback)
        _write(folder / "result.json", json.dumps(_result(attempt), indent=1) + "\n")

    def conclude(self, attempts: Sequence[Attempt]) -> None:
        """Keep the list of all attempts, and the fittest program."""
        rows = [{k: v for k, v in _result(a).items() if k != "returns"} for a in attempts]
        _write(self._folder / "history.json", json.dumps(rows, indent=1) + "\n")
        best = best_of(attempts)
        if best is not None:
            _write(self._folder / BEST, best.source)


def _result(attempt: Attempt) -> dict[str, object]:
    return {
        "round": attempt.round + 1,
        "candidate": attempt.index + 1,
        "fitness": attempt.fitness if math.isfinite(attempt.fitness) else None,
        "failure": attempt.failure,
        "returns": dict(attempt.returns),
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="replace")

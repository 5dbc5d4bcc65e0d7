"""TensorBoard: event files in the run folder."""

import json
from collections.abc import Mapping
from typing import Any

from agentrl.errors import MissingDependencyError
from agentrl.training.trackers.base import TrackedRun


class TensorBoardTracker:
    """Writes ``tensorboard/`` in the run folder; ``tensorboard --logdir runs`` shows it.

    Raises:
        MissingDependencyError: tensorboard is not installed.
    """

    def __init__(self, run: TrackedRun) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingDependencyError(
                "train.trackers: 'tensorboard' is not installed: pip install 'agentrl[train]', or "
                "remove it from train.trackers"
            ) from None
        untyped: Any = SummaryWriter
        folder = run.folder / "tensorboard"
        self._writer = untyped(str(folder), purge_step=run.after_step + 1)
        text = json.dumps(run.config, indent=2)
        self._writer.add_text("suite", f"```json\n{text}\n```", run.after_step)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show what was measured in a step."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

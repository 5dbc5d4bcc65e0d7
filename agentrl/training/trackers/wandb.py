"""Weights & Biases."""

import os
import uuid
from collections.abc import Mapping
from typing import Any

from agentrl.errors import MissingDependencyError
from agentrl.training.trackers.base import TrackedRun
from agentrl.training.trackers.identity import identity_of, remember_identity


class WandbTracker:
    """Logs to a W&B run, the same one again when the run is resumed.

    wandb's own variables decide where to, such as ``WANDB_PROJECT`` (default ``agentrl``),
    ``WANDB_API_KEY`` and ``WANDB_MODE=offline``.

    Raises:
        MissingDependencyError: wandb is not installed.
    """

    def __init__(self, run: TrackedRun) -> None:
        try:
            import wandb
        except ImportError:
            raise MissingDependencyError(
                "train.trackers: 'wandb' is not installed: pip install wandb, or remove it from "
                "train.trackers"
            ) from None
        identity = identity_of(run.folder, "wandb") or uuid.uuid4().hex[:12]
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or "agentrl",
            dir=run.folder,
            id=identity,
            resume="allow",
            name=run.name,
            config=dict(run.config),
            settings=wandb.Settings(console="off", silent=True),
        )
        remember_identity(run.folder, "wandb", identity)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Show what was measured in a step."""
        self._run.log(dict(metrics), step=step)

    def close(self) -> None:
        """Send what still waits."""
        self._run.finish()

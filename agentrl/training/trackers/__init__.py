"""Where a training's metrics go besides ``metrics.jsonl``: TensorBoard, W&B, MLflow."""

from agentrl.training.trackers.base import Tracker
from agentrl.training.trackers.build import build_trackers

__all__ = ["Tracker", "build_trackers"]

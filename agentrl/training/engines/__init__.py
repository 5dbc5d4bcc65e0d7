"""What samples episodes while the policy learns, and always has the weights it says it has."""

from agentrl.training.engines.base import Engine, ModelEngine, SyncReport, WeightSource
from agentrl.training.engines.build import build_engine

__all__ = ["Engine", "ModelEngine", "SyncReport", "WeightSource", "build_engine"]

"""Models in this process: continuous batching over a transformers checkpoint."""

from agentrl.models.transformers.model import TransformersModel

__all__ = ["TransformersModel"]

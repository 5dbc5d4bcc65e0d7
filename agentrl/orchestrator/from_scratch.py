"""Models that a pool wants made from nothing."""

from collections.abc import Sequence

from agentrl.models.scratch import scratch_checkpoint
from agentrl.suite.model import ModelSpec, TransformersSpec


def with_checkpoint(model: ModelSpec, texts: Sequence[str]) -> ModelSpec:
    """Make the model that is to be made from nothing, and name its folder."""
    if not isinstance(model, TransformersSpec) or model.scratch is None:
        return model
    checkpoint = scratch_checkpoint(list(texts), model.scratch)
    return model.model_copy(update={"checkpoint": str(checkpoint), "scratch": None})

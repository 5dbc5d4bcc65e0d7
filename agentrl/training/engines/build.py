"""The engine that a suite asks for."""

from pathlib import Path

from agentrl.suite.model import TransformersSpec, VllmSpec
from agentrl.suite.train import PolicySpec
from agentrl.training.engines.base import ModelEngine
from agentrl.training.engines.inprocess import InProcessEngine


def build_engine(
    policy: PolicySpec,
    model: TransformersSpec | VllmSpec,
    checkpoint: Path,
    *,
    work: Path,
    log_folder: Path | None = None,
) -> ModelEngine:
    """Return the engine, not yet started.

    Args:
        policy: the suite's ``policy``, which names the engine.
        model: the suite's ``agent.model``; its settings hold where they are of the same backend.
        checkpoint: folder of the first weights.
        work: folder for weights on their way to a server.
        log_folder: where a server's output goes.

    Raises:
        UsageError: the engine cannot take the policy's weights, or is not installed.
    """
    if policy.engine == "transformers":
        settings = model if isinstance(model, TransformersSpec) else None
        own = settings or TransformersSpec(backend="transformers", checkpoint=str(checkpoint))
        update = {"checkpoint": str(checkpoint), "scratch": None}
        return InProcessEngine(own.model_copy(update=update), policy.sync_tolerance)
    from agentrl.training.engines.served import ServedEngine

    served = model if isinstance(model, VllmSpec) else None
    spec = served or VllmSpec(backend="vllm", checkpoint=str(checkpoint))
    arguments = (*spec.args, *policy.engine_args)
    spec = spec.model_copy(update={"checkpoint": str(checkpoint), "args": arguments})
    return ServedEngine(spec, policy, work=work, log_folder=log_folder)

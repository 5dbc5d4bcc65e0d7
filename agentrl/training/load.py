"""The policy that a suite trains, loaded."""

import os
from pathlib import Path
from typing import Any

from agentrl.models.chat import load_tokenizer
from agentrl.models.checkpoint import resolve_checkpoint
from agentrl.models.scratch import scratch_checkpoint
from agentrl.models.transformers.load import load_model
from agentrl.rollout.texts import suite_texts
from agentrl.suite.model import TransformersSpec
from agentrl.training.plan import Plan
from agentrl.training.policy import Policy


def first_checkpoint(plan: Plan) -> Path:
    """Return the folder of the weights that training begins with; makes a model from scratch.

    Raises:
        CheckpointError: there is no such checkpoint.
        StorageError: a model from scratch cannot be kept.
    """
    model = plan.model
    if isinstance(model, TransformersSpec) and model.scratch is not None:
        texts = list(suite_texts(plan.suite.spec, plan.all_tasks))
        return scratch_checkpoint(texts, model.scratch)
    assert model.checkpoint is not None
    return resolve_checkpoint(model.checkpoint)


def load_policy(folder: Path, plan: Plan) -> Policy:
    """Return the policy, in float32 where all its weights learn: small steps vanish in bfloat16.

    Call it on the thread that will compute: torch counts threads by the thread that asks, and the
    learner may use every core while the engine leaves one to the environments.

    Raises:
        CheckpointError: the folder holds no whole causal language model with a chat template.
    """
    spec, model = plan.suite.spec, plan.model
    device = model.device if isinstance(model, TransformersSpec) else "auto"
    dtype = model.dtype if spec.policy.lora is not None else "float32"
    loaded = load_model(
        folder,
        TransformersSpec(
            backend="transformers",
            checkpoint=str(folder),
            device=device,
            dtype=dtype,
            threads=None if "OMP_NUM_THREADS" in os.environ else os.cpu_count(),
        ),
    )
    load_tokenizer(str(folder))  # says what is wrong with a tokenizer or its chat template
    from transformers import AutoTokenizer

    untyped: Any = AutoTokenizer
    tokenizer = untyped.from_pretrained(folder, local_files_only=True)
    if spec.policy.gradient_checkpointing:
        loaded.gradient_checkpointing_enable({"use_reentrant": False})
    return Policy(loaded, tokenizer, autocast=spec.policy.autocast)

"""The policy that a suite trains, loaded."""

import os
from pathlib import Path
from typing import Any

import torch

from agentrl.agents.choice.build import build_policy
from agentrl.agents.choice.policy import load_policy as load_choice_policy
from agentrl.envs.build import suite_env_class
from agentrl.models.chat import load_tokenizer
from agentrl.models.checkpoint import resolve_checkpoint
from agentrl.models.scratch import scratch_checkpoint
from agentrl.rollout.texts import suite_texts
from agentrl.suite.model import TransformersSpec
from agentrl.training.choice.learning import LearningPolicy
from agentrl.training.plan import Plan
from agentrl.training.policy import Policy
from agentrl.training.trainable import Trainable


def first_checkpoint(plan: Plan) -> Path | None:
    """Return the folder of the weights that training begins with; makes a model from scratch.

    None: there is none, because a choice policy begins from nothing.

    Raises:
        CheckpointError: there is no such checkpoint.
        StorageError: a model from scratch cannot be kept.
    """
    if plan.chooses:
        given = plan.suite.spec.agent.choice.checkpoint
        return None if given is None else Path(given)
    model = plan.model
    if isinstance(model, TransformersSpec) and model.scratch is not None:
        texts = list(suite_texts(plan.suite.spec, plan.all_tasks))
        return scratch_checkpoint(texts, model.scratch)
    assert model.checkpoint is not None
    return resolve_checkpoint(model.checkpoint)


def load_trainable(folder: Path | None, plan: Plan) -> Trainable:
    """Return the policy that a suite trains.

    Args:
        folder: of its weights; None: a choice policy from nothing.
        plan: the training.

    Raises:
        UsageError: the folder's policy is none that the suite can train.
    """
    if not plan.chooses:
        assert folder is not None, "a language model is of a checkpoint"
        return load_policy(folder, plan)
    torch.set_num_threads(1)  # more of them only wait for each other
    if folder is None:
        suite = plan.suite
        return LearningPolicy(build_policy(suite.spec.agent.choice, suite_env_class(suite)))
    return LearningPolicy(load_choice_policy(folder))


def load_policy(folder: Path, plan: Plan) -> Policy:
    """Return the language model, in float32 where all of it learns: bfloat16 loses small steps.

    Call it on the thread that will compute: torch counts threads by the thread that asks, and the
    learner may use every core while the engine leaves one to the environments.

    Raises:
        CheckpointError: the folder holds no whole causal language model with a chat template.
        SuiteError: it is to learn through adapters, and no layer has such a name.
    """
    policy = plan.suite.spec.policy
    loaded = _load(folder, plan)
    load_tokenizer(str(folder))  # says what is wrong with a tokenizer or its chat template
    from transformers import AutoTokenizer

    untyped: Any = AutoTokenizer
    tokenizer = untyped.from_pretrained(folder, local_files_only=True)
    if policy.gradient_checkpointing:
        _keep_few_activations(loaded)
    if policy.lora is None:
        return Policy(loaded, tokenizer, autocast=policy.autocast)
    from agentrl.training.lora import AdaptedPolicy

    return AdaptedPolicy(
        loaded, tokenizer, spec=policy.lora, seed=plan.train.seed, autocast=policy.autocast
    )


def load_reference(folder: Path, plan: Plan) -> Policy:
    """Return a policy that stands still, for the learnt one to be compared with.

    Raises:
        CheckpointError: the folder holds no whole causal language model.
    """
    return Policy(_load(folder, plan), autocast=plan.suite.spec.policy.autocast)


def _load(folder: Path, plan: Plan) -> Any:
    from agentrl.models.transformers.load import load_model  # takes seconds, and not all need it

    spec, model = plan.suite.spec, plan.model
    device = model.device if isinstance(model, TransformersSpec) else "auto"
    dtype = model.dtype if spec.policy.lora is not None else "float32"
    return load_model(
        folder,
        TransformersSpec(
            backend="transformers",
            checkpoint=str(folder),
            device=device,
            dtype=dtype,
            threads=None if "OMP_NUM_THREADS" in os.environ else os.cpu_count(),
        ),
    )


def _keep_few_activations(model: Any) -> None:
    """Have each layer compute its activations again for the gradient instead of keeping them."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    model.gradient_checkpointing_enable({"use_reentrant": False})
    for module in model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            # transformers does it for layers in training only; what is in them stays without
            # dropout, so that probabilities are those of the sampler.
            module.training = True

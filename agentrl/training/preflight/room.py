"""How much memory learning will take, and how much there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from agentrl.suite.train import TrainSpec
from agentrl.training.policy import Policy
from agentrl.training.preflight.finding import Finding, Verdict
from agentrl.training.sample import Batch

_GB = 1e9
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that learning takes beside the weights that are loaded already."""

    state: int
    """Gradients, moments, reference policy and critic: what is always there."""
    activations: int
    """Of one pass, at most: roughly."""


def estimate(policy: Policy, batch: Batch, train: TrainSpec) -> Need:
    """Return how much more memory learning will take.

    Gradients and Adam's two moments are counted exactly. Activations are what a llama-like layer
    keeps for its gradient, and the scores of sampled tokens over the vocabulary.
    """
    weights = sum(p.numel() * p.element_size() for p in policy.model.parameters())
    trained = sum(p.numel() * p.element_size() for p in policy.parameters())
    state = 3 * trained
    if train.loss.kl != "none":
        state += weights
    if train.advantage.baseline == "value" and train.critic.trunk == "copy":
        state += weights + 3 * trained
    return Need(state, _activations(policy.model, batch, train))


def check_memory(need: Need, available: int | None) -> Finding:
    """Look at whether learning fits into what is left."""
    says = (
        f"learning takes about {need.state / _GB:.1f} GB for gradients and moments and "
        f"{need.activations / _GB:.1f} GB for a pass"
    )
    if available is None:
        return Finding("memory", Verdict.OK, f"{says}; how much is free is not told here")
    says += f"; {available / _GB:.1f} GB are free"
    if need.state > available:
        remedy = "train adapters (policy.lora), on several ranks, or a smaller model"
        return Finding("memory", Verdict.PROBLEM, says, remedy)
    if need.state + need.activations > available:
        remedy = "lower train.tokens_per_pass, or set policy.gradient_checkpointing"
        return Finding("memory", Verdict.WARNING, says, remedy)
    return Finding("memory", Verdict.OK, says)


def available_bytes(device: torch.device) -> int | None:
    """Return the memory that is free where the policy is, as far as it is told."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if not _MEMINFO.exists():
        return None
    lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    kilobytes = {name: value.split()[0] for name, _, value in (x.partition(":") for x in lines)}
    return min([int(kilobytes["MemAvailable"]) * 1024, *_left_to_container()])


def _left_to_container() -> Sequence[int]:
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ()
    return () if limit == "max" else (int(limit) - used,)


def _activations(model: Any, batch: Batch, train: TrainSpec) -> int:
    config = model.config.get_text_config(decoder=True)
    hidden = config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    lengths = [len(sample.tokens.token_ids) for sample in batch.samples]
    sampled = sum(sum(sample.tokens.sampled) for sample in batch.samples)
    tokens = max([train.tokens_per_pass, *lengths])
    scored = tokens * sampled / max(1, sum(lengths))
    per_layer = 12 * hidden + 4 * inner
    layers = config.num_hidden_layers
    if getattr(model, "is_gradient_checkpointing", False):
        kept = layers * hidden + per_layer
    else:
        kept = layers * per_layer
    return int(4 * (tokens * kept + 4 * scored * config.vocab_size))

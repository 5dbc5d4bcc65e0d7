"""From a model section of a suite to a model on its device."""

import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM

from agentrl.errors import CheckpointError, UsageError
from agentrl.models.checkpoint import silence_transformers
from agentrl.suite.model import TransformersSpec

_UNREADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    SafetensorError,
)
_GIB = 2**30


def load_model(folder: Path, spec: TransformersSpec) -> Any:
    """Return the checkpoint's model, ready to run.

    Raises:
        CheckpointError: the folder holds no whole model that transformers can run.
        UsageError: there is no such device.
    """
    device = _device(spec.device)
    if device.type == "cpu":
        _limit_threads(spec.threads)
    auto = "auto" if device.type == "cuda" else torch.float32
    dtype = auto if spec.dtype == "auto" else getattr(torch, spec.dtype)
    silence_transformers()
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation="sdpa",
            local_files_only=True,
            output_loading_info=True,
        )
        model, info = loaded
        model = model.to(device).eval()
    except _UNREADABLE as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0]
        raise CheckpointError(
            f"checkpoint {spec.checkpoint!r}: cannot be loaded: {reason}; expected a causal "
            f"language model that transformers knows, with whole *.safetensors files"
        ) from None
    if info["missing_keys"]:  # transformers would fill them with random numbers
        names = sorted(info["missing_keys"])
        raise CheckpointError(
            f"checkpoint {spec.checkpoint!r}: {len(names)} weights are missing, such as "
            f"{names[0]}; copy the whole checkpoint"
        )
    return model


def context_window(model: Any) -> int | None:
    """Return the most tokens that a model's configuration allows, or None where it is silent."""
    limit = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def conversation_bytes(model: Any) -> int:
    """Return how much memory to spend on conversations: a quarter of what a GPU has left."""
    if model.device.type == "cuda":
        return int(torch.cuda.mem_get_info(model.device)[0] // 4)
    return _GIB


def _limit_threads(threads: int | None) -> None:
    """Leave a CPU to the environments: threads that wait for a descheduled one all stand still."""
    if threads is None and "OMP_NUM_THREADS" not in os.environ:
        threads = max(1, (os.cpu_count() or 1) - 1)
    if threads is not None:
        torch.set_num_threads(threads)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"device {name!r}: expected 'cpu', 'cuda' or 'auto'") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            f"device {name!r}: torch {torch.__version__} sees no GPU; use 'cpu' or 'auto', or "
            f"install a build of torch for this GPU"
        )
    return device

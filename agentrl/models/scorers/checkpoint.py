"""A scorer's language model: loaded with its tokenizer, and kept in the scorer's folder."""

import base64
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from agentrl.errors import CheckpointError, UsageError
from agentrl.models.chat import HFChatTokenizer, load_tokenizer
from agentrl.models.checkpoint import resolve_checkpoint
from agentrl.models.scorers.family import family_of
from agentrl.models.transformers.load import load_model
from agentrl.suite.model import TransformersSpec


@dataclass(frozen=True, slots=True)
class Backbone:
    """A causal language model of transformers, in float32, and what reads text for it."""

    model: Any
    tokenizer: HFChatTokenizer
    files: Any
    """The tokenizer as transformers has it, to be written beside the weights."""
    family: str

    def save(self, folder: Path) -> None:
        """Write an ordinary checkpoint."""
        self.model.save_pretrained(folder)
        self.files.save_pretrained(folder)


def load_backbone(checkpoint: str, device: str = "auto") -> Backbone:
    """Load a checkpoint to score or to learn with.

    Args:
        checkpoint: a folder, or a name of the hub.
        device: as ``TransformersSpec.device``.

    Raises:
        CheckpointError: there is no whole causal language model with a chat template.
        MissingDependencyError: transformers is not installed.
    """
    folder = resolve_checkpoint(checkpoint)
    tokenizer = load_tokenizer(checkpoint)
    from transformers import AutoTokenizer

    untyped: Any = AutoTokenizer
    files = untyped.from_pretrained(folder, local_files_only=True)
    spec = TransformersSpec(
        backend="transformers",
        checkpoint=checkpoint,
        device=device,
        dtype="float32",  # small steps vanish in bfloat16
        threads=None if "OMP_NUM_THREADS" in os.environ else os.cpu_count(),
    )
    return Backbone(load_model(folder, spec), tokenizer, files, family_of(checkpoint, files))


def memory_of(family: str, module: nn.Module) -> dict[str, Any]:
    """Return a scorer's weights as plain data, exactly; it grows by the size of the model."""
    return {"family": family, "weights": base64.b64encode(save(dict(_once(module)))).decode()}


def take_memory(family: str, module: nn.Module, memory: Mapping[str, Any]) -> None:
    """Take up what ``memory_of`` returned.

    Raises:
        UsageError: they are the weights of another model family.
        CheckpointError: they are the weights of something else.
    """
    if memory["family"] != family:
        raise UsageError(
            f"the checkpoint's scorer is of another model family: {memory['family']}, expected "
            f"{family}; give the label the scorer that the training began with"
        )
    try:
        state = load(base64.b64decode(memory["weights"], validate=True))
        wanted = {name for name, _ in _once(module)}
        if wanted != state.keys():
            raise ValueError(f"it has {len(state)} tensors, expected {len(wanted)}")
        module.load_state_dict(state, strict=False)  # a tied weight is there under one name
    except (ValueError, RuntimeError, SafetensorError) as exc:
        raise CheckpointError(
            f"a checkpoint's weights do not fit this scorer: {str(exc).splitlines()[0]}; restore "
            f"it with the scorer that it was made with"
        ) from None


def _once(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield weights on the CPU; tied ones, which share their memory, once."""
    seen: set[int] = set()
    for name, tensor in module.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            yield name, tensor.detach().cpu().contiguous().clone()

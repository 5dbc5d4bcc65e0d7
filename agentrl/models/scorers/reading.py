"""A language model's states at chosen places of passages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from agentrl.models.scorers.passages import Passage

Autocast = Literal["none", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Place:
    """A token of a passage."""

    row: int
    """Which passage."""
    column: int
    """Which of its tokens."""


def states(model: Any, passages: Sequence[Passage], places: Sequence[Place]) -> Tensor:
    """Return the last hidden state of each place, ``[places, width]``; with gradients if on.

    Args:
        model: a causal language model of transformers.
        passages: what it reads, as one padded batch.
        places: at least one.
    """
    longest = max(len(passage.token_ids) for passage in passages)
    ids = torch.zeros(len(passages), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, passage in enumerate(passages):
        ids[row, : len(passage.token_ids)] = torch.tensor(passage.token_ids)
        mask[row, : len(passage.token_ids)] = 1
    device = model.device
    output = model.base_model(
        input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False
    )
    rows = torch.tensor([place.row for place in places], device=device)
    columns = torch.tensor([place.column for place in places], device=device)
    chosen: Tensor = output.last_hidden_state[rows, columns]
    return chosen


@contextmanager
def arithmetic(model: Any, autocast: Autocast) -> Iterator[None]:
    """Compute in the number format that was asked for."""
    if autocast == "none":
        yield
        return
    with torch.autocast(model.device.type, dtype=torch.bfloat16):
        yield

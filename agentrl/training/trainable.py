"""What the trainer asks of a policy, whatever it is made of."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from agentrl.training.packing import Pass
from agentrl.training.policy import TokenOutputs
from agentrl.training.table import TokenTable


class Trainable(Protocol):
    """A policy while it learns: a language model, or a small network over a few actions."""

    @property
    def model(self) -> Any:
        """The module that holds the weights."""

    @property
    def packs(self) -> bool:
        """Whether several samples may share a row of a pass."""

    def outputs(self, table: TokenTable, one: Pass) -> TokenOutputs:
        """Return what it says of a pass's tokens; with gradients unless they are off."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield what is trained."""

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return all weights by name."""

    def save(self, folder: Path) -> None:
        """Write a folder that an agent can be given."""

    def adapters(self) -> dict[str, Tensor]:
        """Return what a checkpoint must hold beside the whole weights."""

    def take_adapters(self, adapters: Mapping[str, Tensor]) -> None:
        """Take up what ``adapters`` returned."""

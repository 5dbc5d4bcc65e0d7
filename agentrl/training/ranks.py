"""The processes that learn together: one, or those that torchrun started.

Each holds a shard of the weights (FSDP2) and takes its share of an update's passes. Only the first
plays episodes, writes the run folder and knows what comes next; the others do what it says.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from agentrl.errors import UsageError

T = TypeVar("T")

_ADDRESS = ("RANK", "MASTER_ADDR", "MASTER_PORT")
_PATIENCE = timedelta(days=7)  # the others wait while the first one plays episodes


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that learn together."""

    index: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that leads."""
        return self.index == 0

    def say(self, message: T | None = None) -> T:
        """Return on every rank what the first one says."""
        if self.count == 1:
            return message  # type: ignore[return-value]
        box: list[Any] = [message]
        dist.broadcast_object_list(box, src=0)
        said: T = box[0]
        return said

    def share(self, passes: Sequence[T]) -> list[tuple[T, bool]]:
        """Return this rank's passes, and of each whether it counts.

        All ranks get the same number, because weights are gathered in each: where there are too
        few, one is taken again and does not count.
        """
        rounds = -(-len(passes) // self.count)
        return [
            (passes[n], True) if n < len(passes) else (passes[0], False)
            for n in range(self.index, rounds * self.count, self.count)
        ]

    def summed(self, values: Tensor) -> Tensor:
        """Return the sum over ranks."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def merged(self, own: Any) -> list[Any]:
        """Return what each rank has, in their order."""
        if self.count == 1:
            return [own]
        everything: list[Any] = [None] * self.count
        dist.all_gather_object(everything, own)
        return everything

    def shard(self, model: nn.Module) -> None:
        """Spread a model's weights over the ranks, block by block."""
        if self.count == 1:
            return
        for module in model.modules():
            if isinstance(module, nn.ModuleList):
                for block in module:
                    fully_shard(block)
        fully_shard(model)

    def close(self) -> None:
        """Part."""
        if self.count > 1:
            dist.destroy_process_group()


def join_ranks() -> Ranks:
    """Return this process among those that torchrun started; alone where it started none.

    Raises:
        UsageError: the environment says that there are several, and not how to reach them.
    """
    told = os.environ.get("WORLD_SIZE", "1")
    if told == "1":
        return Ranks()
    problem = None if told.isdecimal() else "expected a number"
    missing = [name for name in _ADDRESS if name not in os.environ]
    if problem is None and missing:
        problem = f"and {', '.join(missing)} not set"
    if problem is not None:
        raise UsageError(
            f"WORLD_SIZE is {told!r}, {problem}: start several processes with torchrun, or unset "
            f"WORLD_SIZE to train in one"
        )
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl", timeout=_PATIENCE)
    else:
        dist.init_process_group("gloo", timeout=_PATIENCE)
    return Ranks(dist.get_rank(), dist.get_world_size())


def whole(value: Any) -> Any:
    """Return a tensor that is spread over ranks as one, on the CPU; all ranks must ask."""
    if isinstance(value, DTensor):
        return value.full_tensor().cpu()
    return value


def like(value: Any, other: Tensor) -> Any:
    """Return a whole tensor spread over ranks as ``other`` is."""
    if not isinstance(other, DTensor) or not isinstance(value, Tensor) or value.dim() == 0:
        return value
    return distribute_tensor(value.to(other.device), other.device_mesh, other.placements)

"""AdamW with a learning rate that follows the step."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from agentrl.errors import DivergedError
from agentrl.suite.train import OptimiserSpec
from agentrl.training.ranks import like, whole


class Optimiser:
    """Shortens the gradient, steps, and clears it; ``lr`` is what the first group got last."""

    def __init__(
        self, groups: Sequence[tuple[Sequence[nn.Parameter], float]], spec: OptimiserSpec
    ) -> None:
        """Prepare AdamW.

        Args:
            groups: parameters and the highest learning rate of each group.
            spec: everything else.
        """
        self.lr = 0.0
        self._highest = [lr for _, lr in groups]
        self._base_lr = spec.lr
        self._parameters = [parameter for parameters, _ in groups for parameter in parameters]
        self._adam = torch.optim.AdamW(
            [{"params": list(parameters), "lr": lr} for parameters, lr in groups],
            betas=spec.betas,
            weight_decay=spec.weight_decay,
        )

    def step(self, spec: OptimiserSpec, step: int, steps: int) -> float:
        """Take one step with the gradients at hand and return how long the gradient was.

        Args:
            spec: the section as it is at this step; every group follows its ``lr`` in proportion.
            step: number of the step, from 1.
            steps: how many there will be.

        Raises:
            DivergedError: the gradient is not finite; the weights are unchanged.
        """
        norm = float(whole(torch.nn.utils.clip_grad_norm_(self._parameters, spec.max_grad_norm)))
        if not math.isfinite(norm):
            self.clear()
            raise DivergedError(
                f"the gradient's norm is {norm}; the weights are the last good ones. Lower "
                f"train.optimiser.lr, or set a clip in train.loss, and continue from the last "
                f"checkpoint"
            )
        factor = lr_factor(spec, step, steps)
        scale = spec.lr / self._base_lr
        for group, highest in zip(self._adam.param_groups, self._highest, strict=True):
            group["lr"] = highest * scale * factor
        self.lr = self._adam.param_groups[0]["lr"]
        self._adam.step()
        self.clear()
        return norm

    def clear(self) -> None:
        """Forget the gradients at hand."""
        self._adam.zero_grad()

    def state(self) -> dict[str, Any]:
        """Return the moments; the same for any number of ranks, all of which must ask."""
        state = self._adam.state_dict()
        moments = {
            number: {name: whole(value) for name, value in own.items()}
            for number, own in state["state"].items()
        }
        return {**state, "state": moments}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        moments = {
            number: {name: like(value, self._parameters[number]) for name, value in own.items()}
            for number, own in state["state"].items()
        }
        self._adam.load_state_dict({**state, "state": moments})


def lr_factor(spec: OptimiserSpec, step: int, steps: int) -> float:
    """Return which part of the highest learning rate a step gets; steps count from 1.

    >>> spec = OptimiserSpec(schedule="linear", warmup_steps=2)
    >>> [round(lr_factor(spec, step, 6), 2) for step in range(1, 7)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    if step <= spec.warmup_steps:
        return step / spec.warmup_steps
    gone = (step - 1 - spec.warmup_steps) / max(1, steps - spec.warmup_steps)
    if spec.schedule == "linear":
        return max(0.0, 1 - gone)
    if spec.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, gone)))
    return 1.0

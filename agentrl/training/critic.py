"""The value model: what the rest of an episode is expected to bring, token by token."""

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from agentrl.training.packing import Pass
from agentrl.training.policy import Policy, TokenOutputs


class SharedCritic(nn.Module):
    """A value head on the policy's own last hidden state."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.head = _head(policy)

    def forward(self, outputs: TokenOutputs) -> Tensor:
        """Return the value of the state that each token was chosen in, ``[tokens]``."""
        return _values(self.head, outputs.hidden)


class CopiedCritic(nn.Module):
    """A copy of the policy's weights with a value head, trained apart from it."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.model: Any = copy.deepcopy(policy.model)
        self._reader = Policy(self.model)
        self.head = _head(policy)

    def forward(self, one: Pass) -> Tensor:
        """Return the value of the state that each token of the pass was chosen in, ``[tokens]``."""
        return _values(self.head, self._reader.hidden(one))

    def trained(self) -> Iterator[nn.Parameter]:
        """Yield what learns of it: what does in the policy, but for the output layer, which values
        do not need."""
        unused = {id(p) for p in self.model.get_output_embeddings().parameters()}
        return (p for p in self.parameters() if p.requires_grad and id(p) not in unused)


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, clip: float | None) -> Tensor:
    """Return half the squared error of each value, ``[tokens]``.

    With ``clip`` a value earns nothing by moving further than that from its old one (PPO,
    arXiv 1707.06347).
    """
    error = (values - returns) ** 2
    if clip is not None:
        near = old_values + (values - old_values).clamp(-clip, clip)
        error = torch.maximum(error, (near - returns) ** 2)
    return 0.5 * error


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """Return which share of the returns' variance the values explain; 0 where there is none.

    >>> explained_variance(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]))
    1.0
    """
    variance = returns.var(unbiased=False)
    if variance == 0:
        return 0.0
    return float(1 - (returns - values).var(unbiased=False) / variance)


def _head(policy: Policy) -> nn.Linear:
    """Return a head that says 0 at first, so that untrained values move nothing."""
    head = nn.Linear(policy.hidden_size, 1, device=policy.device)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def _values(head: nn.Linear, hidden: Tensor) -> Tensor:
    values: Tensor = head(hidden.to(head.weight.dtype)).squeeze(-1)
    return values.float()

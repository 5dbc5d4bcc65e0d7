"""What rewards remember from one batch to the next: plain data, saved with the checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from agentrl.rewards.checks import RunningRates

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RewardState:
    """Everything that composing rewards depends on beside the spec and the group."""

    step: int = 0
    """Batches that were composed and learnt from."""
    group_success: Mapping[str, Numbers] = field(default_factory=dict)
    """By group gate: the success rates of the groups of the batch at hand."""
    windows: Mapping[str, Numbers] = field(default_factory=dict)
    """The last values of something by its key, the oldest first."""
    rates: Mapping[str, RunningRates] = field(default_factory=dict)
    """By term: how often each of its checks was passed."""
    references: Mapping[str, Mapping[str, Numbers]] = field(default_factory=dict)
    """By transform and task: the first values that were seen."""
    multipliers: Mapping[str, float] = field(default_factory=dict)
    """By term: its Lagrange multiplier."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """By term: its dynamic weight, relative to the one in the spec."""
    front: tuple[Numbers, ...] = ()
    """The reference point, then the mean terms of batches that no other surpassed in every one."""

    def to_data(self) -> dict[str, Any]:
        """Return the state as lists, mappings and numbers."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "RewardState":
        """Return the state that ``to_data`` wrote."""
        rates = {name: RunningRates.from_plain(plain) for name, plain in data["rates"].items()}
        others = {name: _frozen(value) for name, value in data.items() if name != "rates"}
        return cls(**others, rates=rates)


def appended(window: Numbers, values: Numbers, size: int) -> Numbers:
    """Return a window of at most ``size`` values with the new ones behind the others.

    >>> appended((1.0, 2.0), (3.0,), 2)
    (2.0, 3.0)
    """
    return (*window, *values)[-size:]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, RunningRates):
        return value.to_plain()
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _frozen(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_frozen(inner) for inner in value)
    return value

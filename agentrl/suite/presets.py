"""The algorithms that papers name: presets of switches, each with its source."""

from collections.abc import Callable, Mapping
from typing import Any

Switches = dict[str, dict[str, Any]]
"""What a preset sets: keys of ``train.advantage`` and of ``train.loss``."""


def reinforce() -> Switches:
    """REINFORCE without a baseline (Williams, 1992)."""
    return {"advantage": {}, "loss": {}}


def grpo() -> Switches:
    """GRPO (arXiv 2402.03300): group mean and standard deviation, clipped ratio, episode means."""
    return {
        "advantage": {"baseline": "group_mean", "scale": "group_std"},
        "loss": {
            "ratio": "token",
            "clip_low": 0.2,
            "clip_high": 0.2,
            "aggregate": "sequence_mean",
        },
    }


PRESETS: Mapping[str, Callable[[], Switches]] = {
    preset.__name__: preset for preset in (reinforce, grpo)
}


def merged(train: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ``train`` section with its preset's switches under its own.

    An unknown preset is left for the section to complain about.
    """
    preset = PRESETS.get(train.get("algorithm", "grpo"))
    result = dict(train)
    for section, switches in preset().items() if preset else ():
        own = train.get(section)
        if own is None or isinstance(own, Mapping):
            result[section] = {**switches, **(own or {})}
    return result

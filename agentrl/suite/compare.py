"""What differs between two suites, key by key."""

from collections.abc import Iterator
from typing import Any

from agentrl.suite.spec import SuiteSpec

MAY_CHANGE = (
    "rollouts.concurrency",
    "rollouts.workers",
    "rollouts.retries",
    "env.folder",
    "train.steps",
    "train.evaluation.every",
    "train.checkpoints.every",
    "train.checkpoints.keep_last",
    "train.checkpoints.keep_best",
    "train.trackers",
    "train.stall_s",
)
"""Keys that a resume may change: where, how fast and how far a run goes, not what comes out."""


def differences(old: SuiteSpec, new: SuiteSpec) -> list[str]:
    """Return the dotted keys whose values differ, but for those that may change on resume.

    Each comes as ``key: old -> new``.
    """
    was, now = (dict(_leaves(spec.model_dump(mode="json"))) for spec in (old, new))
    return [
        f"{key}: {was.get(key)!r} -> {now.get(key)!r}"
        for key in sorted(was.keys() | now.keys())
        if was.get(key) != now.get(key) and key not in MAY_CHANGE
    ]


def _leaves(node: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{at}.{key}" if at else str(key))
    else:
        yield at, node

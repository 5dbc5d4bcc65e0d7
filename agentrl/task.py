"""A task: one thing to attempt, as plain data that can be written down and sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that an agent attempts in an environment."""

    id: str
    """Unique in its suite; names the task in records and reports."""
    group: str = ""
    """What the closing table groups by: a difficulty, a subject, a preset."""
    seed: int | None = None
    """Seed of the world. None: derived from the suite's seed and the task's id."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the environment needs to know, as JSON values (a question, a game's options)."""

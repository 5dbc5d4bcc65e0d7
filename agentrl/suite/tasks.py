"""Where tasks come from."""

from typing import Any

from pydantic import NonNegativeInt, PositiveInt, model_validator

from agentrl.suite.section import Section


class GenerateSpec(Section):
    """Tasks that the environment makes itself."""

    count: PositiveInt
    """How many."""
    seed: int = 0
    """Decides which; other seeds give other tasks."""


class TasksSpec(Section):
    """What to attempt: exactly one of the three sources."""

    generate: GenerateSpec | None = None
    """Let the environment make them."""
    file: str | None = None
    """A file with one task a row: JSON lines, a ``.json`` list or Parquet; a ``.gz`` is unpacked.
    An environment may read other forms, such as folders of tasks."""
    inline: tuple[dict[str, Any], ...] | None = None
    """The tasks themselves: ``id``, ``group``, ``seed``, and what the environment asks for."""
    limit: PositiveInt | None = None
    """Attempt only this many, from the first."""
    part: tuple[NonNegativeInt, PositiveInt] | None = None
    """``[k, n]``: deal the tasks out to n parts, one after the other, and take part k, from 0. Two
    parts of one source share no task, so that one can be held out. None: all."""

    @model_validator(mode="after")
    def _one_source(self) -> "TasksSpec":
        given = [s for s in (self.generate, self.file, self.inline) if s is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of 'generate', 'file' and 'inline'")
        if self.part is not None and self.part[0] >= self.part[1]:
            raise ValueError(f"part is {list(self.part)}: parts count from 0 to {self.part[1] - 1}")
        return self

"""The ``orchestrator`` section of a suite: who works for the conductor, and within which limits."""

from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    Tag,
    field_validator,
    model_validator,
)

from agentrl.errors import nearest
from agentrl.suite.section import Section
from agentrl.suite.worker import WorkerSpec

POOL_FILE_KEYS: tuple[tuple[str, ...], ...] = (
    ("recordings",),
    ("workers", "*", "file"),
    ("workers", "*", "model", "checkpoint"),
    ("workers", "*", "model", "run"),
    ("workers", "*", "agent", "model", "checkpoint"),
    ("workers", "*", "agent", "model", "run"),
    ("workers", "*", "agent", "choice", "checkpoint"),
    ("workers", "*", "options", "file"),
)
"""Values of a pool that name a file or folder; a star stands for every worker."""


class PoolSpec(Section):
    """A pool of workers, in order."""

    workers: dict[str, WorkerSpec] = Field(min_length=1)
    """Every worker by its name."""
    recordings: str | None = None
    """The recording of replay workers that name no file of their own: a file, or a folder."""

    @model_validator(mode="after")
    def _replays_have_recordings(self) -> "PoolSpec":
        for name, worker in self.workers.items():
            if worker.kind == "replay" and worker.file is None and self.recordings is None:
                raise ValueError(
                    f"the worker {name!r} replays a recording and names no file: give it one, or "
                    f"the pool one for all with 'recordings'"
                )
        return self

    @field_validator("workers")
    @classmethod
    def _names_can_be_told_apart(cls, workers: dict[str, WorkerSpec]) -> dict[str, WorkerSpec]:
        for name in workers:
            if not name.strip() or "\n" in name:
                raise ValueError(f"a worker is called {name!r}: give it a name on one line")
        return workers


def _pool_or_file(given: Any) -> str:
    return "file" if isinstance(given, str) else "inline"


PoolOrFile = Annotated[
    Annotated[PoolSpec, Tag("inline")] | Annotated[str, Tag("file")], Discriminator(_pool_or_file)
]
"""A text names a file; told apart first, so that a mistake in a pool is not taken for one in a
file's name."""


class OrchestratorLimits(Section):
    """How large a workflow may be, and what one may take."""

    steps: PositiveInt = 5
    """Most rounds of an episode: workflows of a conductor, routes of a router."""
    nodes: PositiveInt = 16
    """Most nodes of a workflow."""
    usd: NonNegativeFloat | None = None
    """Most money for one episode; what would exceed it is not begun. None: no limit."""
    seconds: PositiveFloat = 240.0
    """Longest time for one workflow; ``limits.turn_s`` of the suite must be longer."""
    instruction_chars: PositiveInt = 8_000
    """Longest instruction of a node."""


class SubPoolSpec(Section):
    """A part of the pool that is drawn for each episode (Conductor, arXiv 2512.04388)."""

    size: PositiveInt
    """How many workers."""
    seed: int = 0
    """Decides, with the episode's own seed, which."""
    shuffle: bool = False
    """Draw their order too, so that a worker's number says nothing about it."""


class OrchestratorSpec(Section):
    """Who works for the conductor or the router, and within which limits."""

    pool: PoolOrFile
    """The workers, or the YAML file that names them."""
    fallback: str | None = None
    """Worker that stands in for one that failed; None: the node fails."""
    retries: NonNegativeInt = 1
    """How often a failed call is tried again before somebody stands in."""
    anonymous: bool = True
    """Call the workers Model 0, Model 1 and so on, so that nobody goes by their names."""
    sub_pool: SubPoolSpec | None = None
    """Let each episode see a part of the pool; None: all of it."""
    cache: bool = True
    """Keep the results of workflows on the disk, and give the same again for nothing when the same
    is asked with the same seed."""
    limits: OrchestratorLimits = OrchestratorLimits()

    @model_validator(mode="after")
    def _names_are_in_the_pool(self) -> "OrchestratorSpec":
        if isinstance(self.pool, str):
            return self
        workers = self.pool.workers
        if self.fallback is not None and self.fallback not in workers:
            hint = nearest(self.fallback, workers) or f"; the pool has {', '.join(workers)}"
            raise ValueError(f"the fallback {self.fallback!r} is no worker of the pool{hint}")
        if self.sub_pool is not None and self.sub_pool.size > len(workers):
            raise ValueError(
                f"sub_pool.size is {self.sub_pool.size}, and the pool has {len(workers)} workers"
            )
        return self

"""The ``sandbox`` section of a suite: where untrusted code runs, and what it may use."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from agentrl.suite.section import Section


class SandboxSpec(Section):
    """Where an environment runs code that nobody vouches for."""

    backend: Literal["auto", "docker", "bubblewrap"] = "auto"
    """``auto``: Docker where an engine answers, else bubblewrap."""
    image: str | None = None
    """Image where a task names none; None: one that agentrl makes, with Python and git."""
    network: Literal["none", "full", "allowlist"] = "none"
    """What the sandbox reaches. ``allowlist`` is refused: no backend can enforce it."""
    memory_mb: int = Field(2048, ge=64)
    """Most memory; what takes more is killed."""
    cpus: PositiveFloat = 1.0
    """Processor time, in cores."""
    pids: int = Field(256, ge=16)
    """Most processes and threads."""
    user: Literal["agent", "root"] = "agent"
    """Who commands run as: an unprivileged user, or root of the sandbox."""
    output_kb: int = Field(256, ge=1)
    """Most output kept of a command; of more, the beginning and the end are kept."""
    start_budget: PositiveInt = 4
    """Most sandboxes that are being started at a time."""
    spares: int = Field(1, ge=0)
    """Sandboxes of each image in use that are started ahead of need."""
    lifetime_s: PositiveInt = 14_400
    """A sandbox ends by itself after this long, whatever happened to the run."""

    @field_validator("network")
    @classmethod
    def _can_be_enforced(cls, network: str) -> str:
        if network == "allowlist":
            raise ValueError(
                "no backend can enforce an allowlist: choose none, or full and restrict it outside"
            )
        return network

"""Labels by a reward program, which runs in a sandbox."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt, field_validator

from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.section import Section

REWARD_SANDBOX = SandboxSpec(memory_mb=512, pids=64, spares=0)
"""What a reward program may use where nothing else is said: little, and no network."""


class CodeLabelSpec(Section):
    """Facts that a reward program states about each turn; it only ever runs in a sandbox."""

    kind: Literal["code"]
    program: str
    """File with a Python program that defines ``reward(episode)``."""
    outcome: bool = False
    """Whether the program is shown the episode's outcome. A program that may read the outcome can
    simply repeat it."""
    timeout_s: PositiveFloat = 10.0
    """Longest time for the episodes of one group."""
    memory_mb: PositiveInt = 256
    """Most memory of the program's own process."""
    sandbox: SandboxSpec = REWARD_SANDBOX
    """Where it runs. An image of your own needs Python 3.8 or newer."""

    @field_validator("sandbox")
    @classmethod
    def _without_network(cls, sandbox: SandboxSpec) -> SandboxSpec:
        if sandbox.network != "none":
            raise ValueError("a reward program has no network: set sandbox.network to none")
        return sandbox

"""What an engine is, and what it needs of the trainer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from torch import Tensor

from agentrl.agents.base import Agent
from agentrl.models.base import Model
from agentrl.suite.agent import AgentSpec


class WeightSource(Protocol):
    """The policy in training, as an engine takes its weights from it."""

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return all weights under their transformers names."""

    def save(self, folder: Path) -> None:
        """Write an ordinary transformers folder."""

    def logprobs(self, prompt: Sequence[int], answer: Sequence[int]) -> list[float]:
        """Return the log-probabilities of an answer's tokens at temperature 1."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """One transfer of weights to the engine."""

    version: int
    seconds: float
    """From the first wait for requests under way to the last one compared."""
    bytes: int
    """Size of the weights."""
    gap: float
    """Largest difference between engine and trainer in a probe token's log-probability, in nats."""
    tokens: int
    """How many tokens were compared."""


Source = TypeVar("Source", contravariant=True)
"""The kind of policy that an engine samples with."""


class Engine(Protocol[Source]):
    """Samples with the policy's newest weights, and checks after every sync that it has them."""

    def agent(self, spec: AgentSpec) -> Agent:
        """Return an agent that follows the policy, whichever weights it has by then."""

    @property
    def busy_s(self) -> float:
        """Seconds so far in which at least one request was under way."""

    async def start(self) -> None:
        """Load the first weights.

        Raises:
            UsageError: the checkpoint cannot be used.
            ServiceDownError: the server does not come up.
        """

    async def sync(self, source: Source, version: int) -> SyncReport:
        """Take the newest weights, and compare what both say of a probe.

        Raises:
            SyncError: the engine answers with other weights than the trainer's.
            StorageError: they could not be handed over on disk.
            ServiceDownError: the server is gone for good.
        """

    async def close(self) -> None:
        """Give back what ``start`` took."""


@runtime_checkable
class ModelEngine(Engine[WeightSource], Protocol):
    """An engine that a language model is behind."""

    @property
    def model(self) -> Model:
        """What its agents are given. Its ``close`` does nothing; requests wait while weights
        change, and each answer says which version gave it."""

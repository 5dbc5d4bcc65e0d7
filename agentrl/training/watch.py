"""Who sees a training while it goes on."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agentrl.runs.training import Evaluation
from agentrl.training.preflight.finding import Finding


class TrainingWatch(Protocol):
    """Sees a training while it goes on: a table on the terminal."""

    def phase(self, name: str) -> None:
        """Something else begins."""

    def episode(self, running: int, done: int, planned: int) -> None:
        """Some episodes of the phase ended."""

    def preflight(self, findings: Sequence[Finding]) -> None:
        """A few episodes were looked at before training begins."""

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """A step of RL is done."""

    def sft(self, update: int, of: int, metrics: Mapping[str, float]) -> None:
        """An update of supervised training is done."""

    def evaluation(self, evaluation: Evaluation) -> None:
        """Held-out tasks were attempted."""


class NoWatch:
    """Watches nothing."""

    def phase(self, name: str) -> None:
        pass

    def episode(self, running: int, done: int, planned: int) -> None:
        pass

    def preflight(self, findings: Sequence[Finding]) -> None:
        pass

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        pass

    def sft(self, update: int, of: int, metrics: Mapping[str, float]) -> None:
        pass

    def evaluation(self, evaluation: Evaluation) -> None:
        pass

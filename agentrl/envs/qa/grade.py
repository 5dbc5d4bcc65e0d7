"""What grading an answer gives, and what grades answers that are more than right or wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agentrl.rewards.verify.tool_calls import Detail


@dataclass(frozen=True, slots=True)
class Grade:
    """How good an answer is."""

    success: bool
    score: float
    """From 0 to 1; differs from ``success`` for questions with partial credit."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """What else is to be said of it, by the names that signals and outcome have."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How answers are compared where there is a choice."""

    bleu_success: float = 0.5
    """The BLEU from which an answer is a success."""
    tool_detail: Detail = Detail.FINE
    tool_strict: bool = False


class Scorer(Protocol):
    """Grades the answers to one question, with facts."""

    @property
    def form(self) -> str:
        """The form of an answer, as told to a model."""

    @property
    def shown(self) -> str:
        """What is shown below the question; may be empty."""

    @property
    def expert(self) -> str:
        """A right answer."""

    def grade(self, answer: str) -> Grade:
        """Return how good an answer is; one that is empty or no answer has the least facts."""


def after_thought(text: str) -> str:
    """Return what stands behind the last ``</think>``, or all where there is none."""
    return text.rpartition("</think>")[2].strip()

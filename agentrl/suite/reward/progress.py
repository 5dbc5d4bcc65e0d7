"""Labels of progress, and how their scorers are fitted."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.reward.conversion import ConversionSpec
from agentrl.suite.section import Section

Backend = Literal["text", "lm", "contrastive", "log_ratio"]
"""Kinds of scorers that are fitted and kept in a folder."""


class TextScorerSpec(Section):
    """A linear scorer of hashed n-grams of each turn."""

    features: PositiveInt = 4096
    """Numbers that stand for an observation, and as many for an action."""
    unit: Literal["word", "char"] = "word"
    """What an n-gram consists of: words and marks, or characters (for worlds that are drawn)."""
    longest: int = Field(2, ge=1, le=5)
    """Units in the longest n-gram."""
    reads: Literal["both", "observation", "action"] = "both"
    """What of a turn it reads."""
    ridge: PositiveFloat = 1.0
    """How strongly weights are held near zero. Our choice."""
    inertia: PositiveFloat = 10.0
    """How strongly an update holds weights where they are. Our choice."""


class ContrastiveSpec(TextScorerSpec):
    """A linear scorer of pairs of better and worse attempts at one task (arXiv 2502.12130)."""

    centering: float = Field(1e-3, ge=0)
    """Weight of the term that holds scores near zero on average."""
    pairs: PositiveInt = 64
    """Most pairs of a task."""


class ProgressLabelSpec(ConversionSpec):
    """How far each turn brought the episode, by a scorer that recorded outcomes taught."""

    kind: Literal["progress"]
    scorer: str | None = None
    """Folder that ``agentrl train SUITE --progress RUN`` wrote. None: a ``text`` scorer that knows
    nothing at first and learns from each group; needs ``update``."""
    backend: Backend | None = None
    """What kind the scorer must be of. None: as its folder says."""
    update: bool = False
    """Whether the scorer learns from each group after labeling it."""

    @model_validator(mode="after")
    def _fits_together(self) -> "ProgressLabelSpec":
        if self.scorer is not None:
            return self
        if self.backend not in (None, "text"):
            raise ValueError(f"backend {self.backend!r} needs a scorer: set scorer to its folder")
        if not self.update:
            raise ValueError("without a scorer nothing is known: set scorer, or update to true")
        return self

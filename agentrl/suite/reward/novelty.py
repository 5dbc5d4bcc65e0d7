"""Labels that say how new something is."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.section import Section


class EmbeddingSpec(Section):
    """How a text becomes a vector: hashed n-grams, of length 1."""

    features: PositiveInt = 128
    """Numbers in a vector. A global ``elliptical`` memory holds the square of it."""
    unit: Literal["word", "char"] = "word"
    """What an n-gram consists of: words and marks, or characters (for worlds that are drawn)."""
    longest: int = Field(2, ge=1, le=5)
    """Units in the longest n-gram."""


class PredictorSpec(Section):
    """The two networks of random network distillation."""

    hidden: PositiveInt = 128
    """Width of their hidden layers."""
    outputs: PositiveInt = 16
    """Numbers that are predicted."""
    ridge: PositiveFloat = 0.1
    """Regularisation of the fit: how slowly the predictor learns. Our choice."""
    noise: float = Field(1.0, ge=0)
    """For ``distribution``: the target's standard deviation, as a share of its length. Our choice:
    the paper's figure is not known to us."""
    seed: int = 0
    """Decides both networks, and the noise."""


class NoveltyLabelSpec(Section):
    """A bonus for what was seldom seen."""

    kind: Literal["novelty"]
    of: Literal["result", "observation", "action", "both"] = "result"
    """What should be new: what the action led to, what was seen before it, the action, or
    observation and action together."""
    measure: Literal["count", "elliptical", "predictor", "distribution"] = "count"
    """``count``: one over the root of the number of visits. ``elliptical``: length of the vector by
    the inverse covariance of those before (needs embeddings). ``predictor``: error of a network
    that predicts another, random one; ``distribution``: of one whose outputs are drawn."""
    key: Literal["hash", "embedding"] | None = None
    """What is compared: the text itself, or its vector (a ``count`` then counts vectors of equal
    signs under 32 random projections). None: as the measure needs it."""
    scope: Literal["episodic", "global", "product"] = "product"
    """New in this episode, new in the whole training, or the product of both (arXiv 2306.03236)."""
    ignore: tuple[Literal["case", "space", "digits"], ...] = ("case", "space")
    """Differences between texts that do not count. Add ``digits`` where a counter or a clock is
    shown: with one, every text is new."""
    capacity: PositiveInt = 100_000
    """Texts whose visits are remembered; the ones not seen longest are forgotten first."""
    ridge: PositiveFloat = 1.0
    """For ``elliptical``: weight of the unit matrix. At 1, what is entirely new has a bonus of 1;
    our choice, E3B (arXiv 2210.05805) takes 0.1."""
    embedding: EmbeddingSpec = EmbeddingSpec()
    predictor: PredictorSpec = PredictorSpec()

    @model_validator(mode="after")
    def _fits_together(self) -> "NoveltyLabelSpec":
        if self.key == "hash" and self.measure != "count":
            raise ValueError(f"measure {self.measure!r} compares vectors: set key to embedding")
        if self.scope == "episodic" and self.measure in ("predictor", "distribution"):
            raise ValueError(
                f"measure {self.measure!r} learns over episodes and has no episodic scope: take "
                f"'global', or 'product', whose episodic part is a count"
            )
        return self

    @property
    def vectors(self) -> bool:
        """Whether texts become vectors."""
        return self.key == "embedding" or self.measure != "count"

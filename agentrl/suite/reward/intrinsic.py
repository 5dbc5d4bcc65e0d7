"""Labels that a model gives in the background to what agents come upon."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from agentrl.suite.model import ModelSpec
from agentrl.suite.reward.novelty import EmbeddingSpec
from agentrl.suite.section import Section


class IntrinsicLabelSpec(Section):
    """A bonus for what a model finds helpful; known some time after it was first seen (ONI, arXiv
    2410.23022)."""

    kind: Literal["intrinsic"]
    model: ModelSpec
    """Who labels."""
    goal: str = Field(min_length=1)
    """What the agent is to do, in words; what helps is judged by it."""
    variant: Literal["hash", "classifier", "ranking"] = "hash"
    """``hash``: a text has the label that it was given. ``classifier``: texts without a label have
    a likely one. ``ranking``: the model compares pairs, and a score is fitted to its choices."""
    of: Literal["result", "observation", "action", "both"] = "result"
    """What is labeled, as for a label of kind ``novelty``."""
    ignore: tuple[Literal["case", "space", "digits"], ...] = ("case", "space")
    """Differences between texts that do not count."""
    repeats: Literal["once", "root", "all"] = "once"
    """What a text is worth that comes again in the same episode: nothing, its value over the root
    of the number of visits, or all of it (which a loop can farm)."""
    queue: PositiveInt = 10_000
    """Most texts that wait for a label; when there are more, the oldest are dropped."""
    capacity: PositiveInt = 20_000
    """Most labels that are remembered; the oldest are forgotten."""
    fit_every: PositiveInt = 64
    """Labels between two fits of the classifier or the ranking."""
    embedding: EmbeddingSpec = EmbeddingSpec(features=1024)
    """How a text becomes a vector, for the classifier and the ranking."""
    concurrency: PositiveInt = 4
    """Most questions under way at a time."""
    max_tokens: PositiveInt = 256
    """Longest answer, in tokens."""
    timeout_s: PositiveFloat = 120.0
    """Longest wait for an answer."""

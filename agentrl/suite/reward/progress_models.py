"""How scorers of progress that are language models are fitted."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from agentrl.suite.section import Section


class LmScorerSpec(Section):
    """A language model with a head; defaults as SPA states them (arXiv 2505.20732)."""

    checkpoint: str | None = None
    """What it begins with: a folder, or a name of the hub. None: the agent's model, as in SPA."""
    reads: Literal["logits", "hidden"] = "logits"
    """What the head stands on, at the last token of each turn: the model's scores of all tokens, as
    in SPA, or its last hidden state."""
    epochs: PositiveInt = 1
    lr: float = Field(3e-6, gt=0, le=1)
    """Learning rate. It suits a pretrained model of billions of weights; a small one made from
    nothing needs about 1e-3."""
    weight_decay: float = Field(0.01, ge=0)
    warmup: NonNegativeInt = 500
    """Steps until the learning rate is reached; at most half of all."""
    batch: PositiveInt = 16
    """Episodes a step."""
    max_tokens: PositiveInt = 4096
    """Longest sequence; a longer episode teaches nothing and is not scored."""
    autocast: Literal["none", "bfloat16"] = "none"
    """Number format of the arithmetic; the weights stay in float32."""
    seed: int = 0
    """Decides the head's first weights and the order of episodes."""


class LogRatioSpec(Section):
    """How much likelier one model finds what was said than another does."""

    checkpoint: str | None = None
    """The model: a folder, or a name of the hub. None: the agent's."""
    reference: str | None = "same"
    """What it is compared with: a checkpoint, ``same`` for the model as it was before it learned,
    or None for nothing: the value is then the log-probability itself."""
    learn: Literal["outcome", "pairs", "none"] = "outcome"
    """``outcome``: the sigmoid of an episode's sum is to be its outcome (PRIME, arXiv 2502.01456).
    ``pairs``: of two attempts at a task the better one is to have the higher sum (DPO, for RTO,
    arXiv 2404.18922). ``none``: both models are taken as they are (CDR, arXiv 2411.02481)."""
    beta: PositiveFloat = 0.05
    """Weight of the log-ratio. Our choice."""
    epochs: PositiveInt = 1
    lr: float = Field(1e-6, gt=0, le=1)
    """Learning rate. Our choice, for pretrained models."""
    batch: PositiveInt = 16
    """Episodes or pairs a step."""
    pairs: PositiveInt = 64
    """For ``pairs``: most pairs of a task."""
    max_tokens: PositiveInt = 4096
    """Longest sequence; a longer episode teaches nothing and is not scored."""
    autocast: Literal["none", "bfloat16"] = "none"
    """Number format of the arithmetic; the weights stay in float32."""
    seed: int = 0
    """Decides the order of episodes."""

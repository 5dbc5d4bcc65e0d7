"""The ``env`` and ``agent`` sections of a suite: where somebody acts, and who."""

from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from agentrl.suite.model import ModelSpec
from agentrl.suite.section import Section


class EnvSpec(Section):
    """Where the agent acts."""

    id: str
    """A registered environment, such as ``agentrl/TextWorld-v0``; ``module:Name-v0`` imports
    the module first."""
    options: dict[str, Any] = {}
    """Arguments of the environment; ``agentrl envs`` lists them."""
    folder: str | None = None
    """Where the id's ``module`` is looked for beside the current folder; None: where the suite
    file is."""


class SamplingSpec(Section):
    """How the model samples an answer."""

    temperature: float = Field(1.0, ge=0)
    """0 takes the most likely token every time."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Keep the smallest set of tokens whose probability reaches this."""
    top_k: NonNegativeInt = 0
    """Keep this many most likely tokens; 0 keeps all."""
    max_tokens: PositiveInt = 256
    """Longest answer, in tokens."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer."""


class AgentSpec(Section):
    """Who acts."""

    kind: Literal["llm", "expert", "random", "human"] = "llm"
    """A language model, the environment's known solution, chance, or a person."""
    model: ModelSpec | None = None
    """The model behind an ``llm`` agent."""
    parser: Literal["plain", "action_tag", "fenced", "tool_call"] = "plain"
    """Where in the answer the action stands."""
    prompt: str | None = None
    """System prompt; ``{instructions}`` stands for the environment's own. None: those alone."""
    history: Literal["stop", "drop_oldest"] = "stop"
    """When the context is full: end the episode as truncated, or forget the oldest turns."""
    constrain: bool = False
    """Let the model choose only among the environment's legal actions."""
    sampling: SamplingSpec = SamplingSpec()

    @model_validator(mode="after")
    def _model_where_needed(self) -> "AgentSpec":
        if self.kind == "llm" and self.model is None:
            raise ValueError("an agent of kind 'llm' needs a 'model'")
        return self

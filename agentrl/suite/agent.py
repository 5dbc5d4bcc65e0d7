"""The ``env`` and ``agent`` sections of a suite: where somebody acts, and who."""

from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from agentrl.suite.model import ModelSpec
from agentrl.suite.section import Section
from agentrl.suite.strategies import StrategyName


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


class ChoiceScratchSpec(Section):
    """A choice policy from nothing: every action is equally likely to it until it learnt."""

    hidden: PositiveInt = 32
    """Size of the hidden layer."""
    text_columns: NonNegativeInt = 32
    """Columns for the hashed n-grams of what the decision is about; 0: it is not read."""
    word_columns: NonNegativeInt = 32
    """Columns for those of what is known of an action in words; 0: they are not read."""
    seed: int = 0
    """Decides the first weights."""


class ChoiceSpec(Section):
    """A policy over a few actions: a small network that learns in a minute on a CPU."""

    checkpoint: str | None = None
    """A trained one: the run folder of a training, or one of its checkpoints."""
    scratch: ChoiceScratchSpec | None = None
    """One from nothing; that is also what none of the two means."""

    @model_validator(mode="after")
    def _one_source(self) -> "ChoiceSpec":
        if self.checkpoint is not None and self.scratch is not None:
            raise ValueError("give 'checkpoint' or 'scratch', not both")
        return self


class AgentSpec(Section):
    """Who acts."""

    kind: Literal["llm", "expert", "random", "human", "choice"] = "llm"
    """A language model, the environment's known solution, chance, a person, or a small network that
    chooses among legal actions."""
    model: ModelSpec | None = None
    """The model behind an ``llm`` agent."""
    choice: ChoiceSpec = ChoiceSpec()
    """The policy of a ``choice`` agent."""
    parser: Literal["plain", "raw", "action_tag", "fenced", "tool_call"] = "plain"
    """Where in the answer the action stands: ``plain``, all but thoughts; ``raw``, all, thoughts
    too; or in a tag, a fenced block or a tool call."""
    prompt: str | None = None
    """System prompt; ``{instructions}`` stands for the environment's own. None: those alone."""
    strategy: StrategyName | None = None
    """How it is told to work an answer out, after the prompt: the name of a strategy."""
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

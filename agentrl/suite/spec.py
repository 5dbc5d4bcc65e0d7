"""What a suite file may say, section by section."""

from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from agentrl.suite.model import ModelSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.section import Section
from agentrl.suite.tasks import TasksSpec
from agentrl.suite.train import PolicySpec, TrainSpec


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


class RolloutsSpec(Section):
    """How many episodes, and how many at a time."""

    concurrency: PositiveInt = 16
    """Most episodes under way at a time, over all workers."""
    attempts: PositiveInt = 1
    """Episodes of each task; above 1 the report adds pass@k and pass^k."""
    workers: PositiveInt = 1
    """Processes that play episodes; more than one helps where the environment needs the CPU."""
    retries: NonNegativeInt = 2
    """How often an episode is begun again after a failure of infrastructure."""
    seed: int = 0
    """Decides every seed of the run."""


class LimitsSpec(Section):
    """When an episode is ended from outside."""

    max_turns: PositiveInt | None = None
    """Most turns of an episode; None: what the environment advises."""
    turn_s: PositiveFloat = 300.0
    """Longest time for one step of the environment or one action of the agent."""
    episode_s: PositiveFloat = 3600.0
    """Longest time for an episode."""


class SuiteSpec(Section):
    """A suite file."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Names the run folder: letters, digits, ``.``, ``_`` and ``-``."""
    env: EnvSpec
    tasks: TasksSpec
    agent: AgentSpec
    sandbox: SandboxSpec = SandboxSpec()
    reward: RewardSpec = RewardSpec()
    rollouts: RolloutsSpec = RolloutsSpec()
    limits: LimitsSpec = LimitsSpec()
    policy: PolicySpec = PolicySpec()
    train: TrainSpec | None = None

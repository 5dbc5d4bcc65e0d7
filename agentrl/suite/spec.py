"""What a suite file may say, section by section."""

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from agentrl.suite.agent import AgentSpec as AgentSpec
from agentrl.suite.agent import EnvSpec as EnvSpec
from agentrl.suite.agent import SamplingSpec as SamplingSpec
from agentrl.suite.orchestrator import OrchestratorSpec
from agentrl.suite.reward.spec import RewardSpec
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.section import Section
from agentrl.suite.tasks import TasksSpec
from agentrl.suite.train import PolicySpec, TrainSpec


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
    orchestrator: OrchestratorSpec | None = None
    reward: RewardSpec = RewardSpec()
    rollouts: RolloutsSpec = RolloutsSpec()
    limits: LimitsSpec = LimitsSpec()
    policy: PolicySpec = PolicySpec()
    train: TrainSpec | None = None

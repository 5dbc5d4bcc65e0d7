"""The agent that a suite asks for."""

from agentrl.agents.base import Agent
from agentrl.agents.choice.agent import ChoiceAgent
from agentrl.agents.choice.build import build_policy
from agentrl.agents.human import HumanAgent
from agentrl.agents.llm import LLMAgent
from agentrl.agents.simple import ExpertAgent, RandomAgent
from agentrl.envs.base import TextEnv
from agentrl.errors import UsageError
from agentrl.models.base import Model
from agentrl.suite.spec import AgentSpec


def build_agent(spec: AgentSpec, model: Model | None, env: type[TextEnv] | None = None) -> Agent:
    """Return the agent of a suite, not yet started.

    Args:
        spec: the ``agent`` section of a suite.
        model: the model that ``spec.model`` describes; only an ``llm`` agent uses it.
        env: the environment that it is to play; only a ``choice`` agent has to know.

    Raises:
        UsageError: an ``llm`` agent was given no model, or a ``choice`` agent cannot play there.
    """
    match spec.kind:
        case "expert":
            return ExpertAgent()
        case "random":
            return RandomAgent()
        case "human":
            return HumanAgent()
        case "choice":
            policy = build_policy(spec.choice, env or TextEnv)
            return ChoiceAgent(lambda _: policy, spec.sampling.temperature)
        case "llm":
            if model is None:
                raise UsageError("an agent of kind 'llm' needs a model; none was given")
            return LLMAgent(model, spec)

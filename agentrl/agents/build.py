"""The agent that a suite asks for."""

from agentrl.agents.base import Agent
from agentrl.agents.human import HumanAgent
from agentrl.agents.llm import LLMAgent
from agentrl.agents.simple import ExpertAgent, RandomAgent
from agentrl.errors import UsageError
from agentrl.models.base import Model
from agentrl.suite.spec import AgentSpec


def build_agent(spec: AgentSpec, model: Model | None) -> Agent:
    """Return the agent of a suite, not yet started.

    Args:
        spec: the ``agent`` section of a suite.
        model: the model that ``spec.model`` describes; only an ``llm`` agent uses it.

    Raises:
        UsageError: an ``llm`` agent was given no model.
    """
    match spec.kind:
        case "expert":
            return ExpertAgent()
        case "random":
            return RandomAgent()
        case "human":
            return HumanAgent()
        case "llm":
            if model is None:
                raise UsageError("an agent of kind 'llm' needs a model; none was given")
            return LLMAgent(model, spec)

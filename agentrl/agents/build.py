"""The agent that a suite asks for."""

from pathlib import Path

from agentrl.agents.base import Agent
from agentrl.agents.choice.agent import ChoiceAgent
from agentrl.agents.choice.policy import load_policy
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
        UsageError: an ``llm`` agent was given no model, or a ``choice`` agent no policy.
    """
    match spec.kind:
        case "expert":
            return ExpertAgent()
        case "random":
            return RandomAgent()
        case "human":
            return HumanAgent()
        case "choice":
            if spec.choice.policy is None:
                raise UsageError(
                    "an agent of kind 'choice' plays with a trained policy: give "
                    "agent.choice.policy, the run folder of an `agentrl train` of it"
                )
            return ChoiceAgent(load_policy(Path(spec.choice.policy)), spec.sampling.temperature)
        case "llm":
            if model is None:
                raise UsageError("an agent of kind 'llm' needs a model; none was given")
            return LLMAgent(model, spec)

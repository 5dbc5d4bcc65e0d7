"""The agents without a model, and building agents from a suite."""

import asyncio

import pytest

from agentrl.agents.base import Agent, Needs, Session, View
from agentrl.agents.build import build_agent
from agentrl.agents.llm import LLMAgent
from agentrl.agents.simple import ExpertAgent, RandomAgent
from agentrl.errors import UsageError
from agentrl.models.scripted import ScriptedModel
from agentrl.suite.spec import AgentSpec

ACTIONS = ("north", "south", "east", "west")


def act(session: Session, view: View) -> str | None:
    action = asyncio.run(session.act(view))
    return None if action is None else action.text


def open_session(agent: Agent, seed: int = 0) -> Session:
    return agent.session("e", "rules", seed)


def test_the_expert_follows_the_solution_and_gives_up_without_one() -> None:
    session = open_session(ExpertAgent())
    assert ExpertAgent().needs == Needs.EXPERT_ACTION
    assert act(session, View("a", expert_action="north")) == "north"
    assert act(session, View("a")) is None


def test_chance_repeats_with_its_seed_and_reaches_every_action() -> None:
    def draws(seed: int) -> list[str | None]:
        session = open_session(RandomAgent(), seed)
        return [act(session, View("a", legal_actions=ACTIONS)) for _ in range(40)]

    assert draws(3) == draws(3)
    assert draws(3) != draws(4)
    assert set(draws(3)) == set(ACTIONS)


def test_chance_gives_up_where_nothing_is_left_to_do() -> None:
    assert act(open_session(RandomAgent()), View("a", legal_actions=())) is None


def test_chance_writes_random_text_where_no_actions_are_listed() -> None:
    def texts(seed: int) -> list[str | None]:
        session = open_session(RandomAgent(), seed)
        return [act(session, View("a")) for _ in range(5)]

    assert texts(3) == texts(3)
    assert texts(3) != texts(4)
    assert len(set(texts(3))) == 5


@pytest.mark.parametrize("kind", ["expert", "random", "human"])
def test_a_suite_names_the_agents_without_a_model(kind: str) -> None:
    agent = build_agent(AgentSpec.model_validate({"kind": kind}), None)
    assert agent.name == kind


def test_a_suite_with_a_model_gets_its_language_model() -> None:
    spec = AgentSpec.model_validate({"model": {"backend": "scripted", "answers": ["go"]}})
    agent = build_agent(spec, ScriptedModel(["go"], name="qwen"))
    assert isinstance(agent, LLMAgent)
    assert agent.name == "qwen"


def test_a_language_model_agent_without_a_model_is_refused() -> None:
    spec = AgentSpec.model_validate({"model": {"backend": "scripted", "answers": ["go"]}})
    with pytest.raises(UsageError, match="needs a model; none was given"):
        build_agent(spec, None)

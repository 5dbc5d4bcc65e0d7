"""Named texts that tell a model how to work an answer out."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agentrl.agents.llm import system_prompt
from agentrl.errors import UsageError
from agentrl.orchestrator.topology import build_topology
from agentrl.orchestrator.workflow import Workflow
from agentrl.suite.agent import AgentSpec
from agentrl.suite.strategies import (
    STRATEGIES,
    Strategy,
    register_strategy,
    with_strategy,
)
from agentrl.suite.topology import TopologySpec
from agentrl.suite.worker import ModelWorkerSpec

MODEL = {"backend": "scripted", "answers": ["x"]}
COT = STRATEGIES["cot"].text


def topology(**section: Any) -> Workflow:
    spec: TopologySpec = TypeAdapter(TopologySpec).validate_python(section)
    plan = build_topology(spec)
    assert isinstance(plan, Workflow)
    return plan


def agent(**section: Any) -> AgentSpec:
    return AgentSpec.model_validate({"model": MODEL, **section})


def test_no_strategy_changes_nothing() -> None:
    assert with_strategy("Be brief.", None) == "Be brief."


def test_an_agent_is_told_its_strategy_between_the_rules_and_the_form_of_an_action() -> None:
    spec = agent(strategy="cot", parser="action_tag")

    rules, told, form = system_prompt(spec, "You are in a maze.").split("\n\n", 2)

    assert (rules, told) == ("You are in a maze.", COT)
    assert form == system_prompt(agent(parser="action_tag"), "")


def test_a_strategy_follows_a_prompt_of_one_s_own() -> None:
    spec = agent(strategy="cot", prompt="Play. {instructions}")

    assert system_prompt(spec, "It is dark.") == f"Play. It is dark.\n\n{COT}"


def test_a_strategy_instructs_first_answers_alone() -> None:
    chain = topology(topology="chain", workers=["a", "b"], strategy="cot")

    assert chain.nodes[0].instruction == COT
    assert COT not in chain.nodes[1].instruction


def test_a_single_worker_is_told_its_instruction_first() -> None:
    one = topology(topology="single", worker="a", instruction="Sort.", strategy="verify")

    assert one.nodes[0].instruction == f"Sort.\n\n{STRATEGIES['verify'].text}"


def test_a_strategy_that_there_is_not_is_answered_with_the_nearest() -> None:
    worker = {"kind": "model", "model": MODEL, "strategy": "plan_and_solv"}

    with pytest.raises(ValidationError, match=r"did you mean plan_and_solve\?"):
        ModelWorkerSpec.model_validate(worker)


def test_a_strategy_of_one_s_own_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentrl.suite.strategies.STRATEGIES", dict(STRATEGIES))

    register_strategy(Strategy("draw", "Draw a picture of it first."))

    assert "Draw a picture" in system_prompt(agent(strategy="draw"), "")


@pytest.mark.parametrize(
    ("strategy", "complaint"),
    [(Strategy("cot", "Think."), "'cot' already"), (Strategy("mute", " "), "empty text")],
)
def test_what_cannot_be_registered_is_refused(strategy: Strategy, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        register_strategy(strategy)


def test_the_page_lists_every_strategy_with_its_paper() -> None:
    page = Path(__file__).parents[3] / "docs" / "orchestrator" / "instructions.md"
    rows = [line.split("|") for line in page.read_text(encoding="utf-8").splitlines()]
    listed = {row[1].strip(): row[3].strip() for row in rows if len(row) == 5}

    for strategy in STRATEGIES.values():
        assert listed[f"`{strategy.name}`"] == strategy.source


def test_every_strategy_tells_something_of_its_own() -> None:
    texts = [strategy.text for strategy in STRATEGIES.values()]

    assert len(set(texts)) == len(texts) >= 10
    assert all(name == strategy.name for name, strategy in STRATEGIES.items())

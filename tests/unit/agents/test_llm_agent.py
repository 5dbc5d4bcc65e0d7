"""The agent that is a language model, with scripted answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agentrl.agents.base import Action, Needs, View
from agentrl.agents.llm import LLMAgent, turn_seed
from agentrl.episode import Generation
from agentrl.errors import ContextFullError
from agentrl.models.base import Message, Request
from agentrl.models.scripted import ScriptedModel
from agentrl.suite.spec import AgentSpec


class Recorder(ScriptedModel):
    """A scripted model that keeps what it was asked and is full beyond some messages."""

    def __init__(
        self, answers: Sequence[str] | Callable[[Request], str], most_messages: int = 99
    ) -> None:
        super().__init__(answers)
        self.requests: list[Request] = []
        self.events: list[str] = []
        self._most_messages = most_messages

    async def start(self) -> None:
        self.events.append("start")

    async def generate(self, request: Request) -> Generation:
        if len(request.messages) > self._most_messages:
            raise ContextFullError("too long")
        self.requests.append(request)
        return await super().generate(request)

    async def close(self) -> None:
        self.events.append("close")


def spec(**agent: Any) -> AgentSpec:
    model = {"backend": "scripted", "answers": ["unused"]}
    return AgentSpec.model_validate({"kind": "llm", "model": model, **agent})


def play(model: Recorder, agent_spec: AgentSpec, *views: View) -> list[Action]:
    async def acts() -> list[Action]:
        session = LLMAgent(model, agent_spec).session("task#0", "Find the lamp.", seed=5)
        return [await session.act(view) for view in views]

    return asyncio.run(acts())


def see(*observations: str) -> list[View]:
    return [View(observation) for observation in observations]


def test_the_agent_starts_and_closes_its_model() -> None:
    async def use() -> None:
        await agent.start()
        await agent.close()

    model = Recorder(["go"])
    agent = LLMAgent(model, spec())
    asyncio.run(use())
    assert model.events == ["start", "close"]
    assert agent.name == "scripted"
    assert agent.needs == Needs.NOTHING


def test_a_conversation_grows_by_an_answer_and_an_observation_a_turn() -> None:
    model = Recorder(["go north", "take lamp"])
    actions = play(model, spec(), *see("A hall.", "A lamp."))
    assert [action.text for action in actions] == ["go north", "take lamp"]
    assert model.requests[1].messages == (
        Message("system", "Find the lamp."),
        Message("user", "A hall."),
        Message("assistant", "go north"),
        Message("user", "A lamp."),
    )
    assert {request.session for request in model.requests} == {"task#0"}


def test_the_record_holds_the_answer_and_the_action_what_was_found_in_it() -> None:
    answer = "North looks right. <action>go north</action>"
    (action,) = play(Recorder([answer]), spec(parser="action_tag"), View("A hall."))
    assert action.text == "go north"
    assert [generation.text for generation in action.generations] == [answer]
    assert action.signals == {}


def test_without_a_prompt_the_system_message_is_rules_and_form() -> None:
    model = Recorder(["<action>go</action>"])
    play(model, spec(parser="action_tag"), View("A hall."))
    system = model.requests[0].messages[0]
    assert system.role == "system"
    assert system.content.startswith("Find the lamp.\n\nYou may think first.")


def test_a_prompt_replaces_only_the_instructions() -> None:
    model = Recorder(["go"])
    play(model, spec(prompt='{instructions} Say {"json": {}} {x}'), View("A hall."))
    assert model.requests[0].messages[0].content == 'Find the lamp. Say {"json": {}} {x}'


def test_an_empty_prompt_means_no_system_message() -> None:
    model = Recorder(["go"])
    play(model, spec(prompt=""), View("A hall."))
    assert model.requests[0].messages == (Message("user", "A hall."),)


def test_an_answer_without_an_action_is_refused_and_stays_in_the_conversation() -> None:
    model = Recorder(["I go north.", "<action>go north</action>"])
    first, second = play(model, spec(parser="action_tag"), *see("A hall.", "No tag."))
    assert first.text == "I go north."
    assert first.signals == {"format_ok": 0.0}
    assert "Your answer has no <action> tag." in str(first.refusal)
    assert second.refusal is None
    assert [m.content for m in model.requests[1].messages[2:]] == ["I go north.", "No tag."]


def test_a_stop_text_may_be_the_end_of_the_action() -> None:
    model = Recorder(["<action>go north</action> and then"])
    agent_spec = spec(parser="action_tag", sampling={"stop": ["</action>"]})
    (action,) = play(model, agent_spec, View("A hall."))
    assert action.generations[0].text == "<action>go north"
    assert action.text == "go north"


@pytest.mark.parametrize(
    ("says", "action"),
    [
        ("<think>a</think><search>w:q</search> and", "<think>a</think><search>w:q</search>"),
        ("<think>a</think><answer>1</answer> and", "<think>a</think><answer>1</answer>"),
        ("<think>a</think>", "<think>a</think>"),
    ],
)
def test_a_stop_text_may_close_any_tag_that_is_open(says: str, action: str) -> None:
    stops = {"stop": ["</search>", "</answer>"]}
    (taken,) = play(Recorder([says]), spec(parser="raw", sampling=stops), View("A question."))
    assert taken.text == action


def test_a_constrained_model_chooses_among_the_legal_actions_in_the_parsers_form() -> None:
    model = Recorder(lambda request: (request.choices or ("<action>look</action>",))[-1])
    agent_spec = spec(parser="action_tag", constrain=True)
    views = View("A hall.", legal_actions=("go", "take", "go")), View("Nowhere.")
    chosen, free = play(model, agent_spec, *views)
    assert LLMAgent(model, agent_spec).needs == Needs.LEGAL_ACTIONS
    assert model.requests[0].choices == ("<action>go</action>", "<action>take</action>")
    assert (chosen.text, chosen.signals) == ("take", {"constrained": 1.0})
    assert model.requests[1].choices is None
    assert (free.text, free.signals) == ("look", {"constrained": 0.0})


def test_each_turn_draws_with_a_seed_of_its_own_and_the_suites_sampling() -> None:
    model = Recorder(["go"])
    play(model, spec(sampling={"temperature": 0.5, "max_tokens": 9}), *see("a", "b"))
    samplings = [request.sampling for request in model.requests]
    assert [sampling.seed for sampling in samplings] == [turn_seed(5, 0), turn_seed(5, 1)]
    assert {(sampling.temperature, sampling.max_tokens) for sampling in samplings} == {(0.5, 9)}


def test_a_turns_seed_is_the_same_on_every_machine() -> None:
    assert [turn_seed(5, 0), turn_seed(5, 1), turn_seed(6, 0)] == [1084314361, 397736117, 106837967]


def test_a_full_context_ends_the_episode_where_history_stops() -> None:
    with pytest.raises(ContextFullError, match="too long"):
        play(Recorder(["go"], most_messages=3), spec(), *see("a", "b"))


def test_a_full_context_drops_the_oldest_turns_where_history_may() -> None:
    model = Recorder(["go"], most_messages=4)
    actions = play(model, spec(history="drop_oldest"), *see("a", "b", "c", "d"))
    assert len(actions) == 4
    assert [m.content for m in model.requests[-1].messages] == ["Find the lamp.", "c", "go", "d"]
    assert model.requests[-1].sampling.seed == turn_seed(5, 3)


def test_an_observation_that_does_not_fit_alone_ends_the_episode() -> None:
    with pytest.raises(ContextFullError, match="too long"):
        play(Recorder(["go"], most_messages=1), spec(history="drop_oldest"), *see("a"))


def test_sessions_of_one_agent_share_nothing() -> None:
    model = Recorder(lambda request: request.session)

    async def both() -> tuple[Action, Action]:
        agent = LLMAgent(model, spec(prompt=""))
        one, two = agent.session("one", "", 1), agent.session("two", "", 2)
        return await asyncio.gather(one.act(View("a")), two.act(View("b")))

    assert [action.text for action in asyncio.run(both())] == ["one", "two"]
    assert [len(request.messages) for request in model.requests] == [1, 1]

"""Rubrics from preferences."""

import asyncio
import json
from collections.abc import Callable

import pytest

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.judge.error import JudgeError
from agentrl.rewards.judge.generate import Preference, Proposed, RubricGenerator
from agentrl.rewards.judge.judge import build_judge
from agentrl.suite.reward.judge import JudgeSpec

PROPOSAL = {
    "items": [
        {"name": "cites a source!", "text": "Does it cite a source?"},
        {"name": "long", "text": "Is it long?"},
        {"name": "long", "text": "Is it written in English?"},
        {"name": "again", "text": "Is it long?"},
    ]
}


def episode(action: str) -> Episode:
    turns = (Turn("Why is the sky blue?", action),)
    return Episode(action, "t", "g", 0, "a", Status.OK, StopReason.TERMINATED, turns)


PAIRS = [
    Preference(episode("Scattering [source]."), episode("Because it is so, I think.")),
    Preference(episode("Rayleigh [source]."), episode("Nobody can know this, I believe.")),
]


def answers(request: Request) -> str:
    """Propose, or judge two records by what the item asks for."""
    user = request.messages[1].content
    if "Write down what makes A better" in user:
        return json.dumps(PROPOSAL)
    first, second = user.split("the record of B begins")
    scores = []
    for record in (first, second):
        if "cite a source?" in user:
            scores.append(int("[source]" in record))
        elif "Is it long?" in user:
            scores.append(int("I think" in record or "I believe" in record))
        else:
            scores.append(1)
    name = user.split("\n- ")[1].split(" (")[0]
    return json.dumps({"scores": {"A": {name: scores[0]}, "B": {name: scores[1]}}})


def generated(answer: Callable[[Request], str], at_least: float = 0.75) -> tuple[Proposed, ...]:
    spec = JudgeSpec.model_validate(
        {
            "model": {"backend": "scripted", "answers": ["unused"]},
            "rubric": {"principles": "unused"},
            "cache": False,
        }
    )
    judge = build_judge(spec, model=ScriptedModel(answer))
    return asyncio.run(RubricGenerator(judge).items(PAIRS, at_least=at_least))


def test_items_by_which_the_judge_finds_the_better_one_are_kept() -> None:
    (kept,) = generated(answers)

    assert kept.item.name == "cites_a_source"
    assert kept.agreement == 1.0


def test_items_are_listed_once_by_how_well_they_agree() -> None:
    proposed = generated(answers, at_least=0.0)

    assert [(p.item.name, p.agreement) for p in proposed] == [
        ("cites_a_source", 1.0),
        ("long_2", 0.5),  # a draw each time
        ("long", 0.0),
    ]


def test_a_model_that_proposes_nothing_readable_is_told() -> None:
    with pytest.raises(JudgeError, match="proposed no items that can be read"):
        generated(lambda _: '{"items": [{"name": "x"}]}')

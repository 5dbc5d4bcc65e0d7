"""A judge's scores as facts of episodes and turns."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrl.episode import Episode, Failure, Status, StopReason, Turn
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.judge.labeler import JudgeLabeler, build
from agentrl.suite.reward.judge import JudgeLabelSpec

RUBRIC = {"items": [{"name": "tone", "text": "Is it polite?", "points": 10}]}


def answers_by_text(request: Request) -> str:
    """Give as many points as the digit that the record says, or nonsense."""
    record = request.messages[1].content
    found = [digit for digit in range(10) if f"say {digit}" in record]
    return json.dumps({"scores": {"tone": found[-1]}}) if found else "nonsense"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))


def labeler(**keys: Any) -> JudgeLabeler:
    model = {"backend": "scripted", "answers": ["unused"]}
    spec = JudgeLabelSpec.model_validate({"model": model, "rubric": RUBRIC, **keys})
    return build("manners", spec, model=ScriptedModel(answers_by_text))


def episode(*actions: str, status: Status = Status.OK) -> Episode:
    turns = tuple(Turn("saw", action, signals={"hit": 1.0}) for action in actions)
    name = "-".join(actions)
    return Episode(
        name, "t", "g", 0, "agent", status, StopReason.TERMINATED, turns, outcome={"success": 1.0}
    )


def label(made: JudgeLabeler, *group: Episode) -> list[Episode]:
    async def main() -> list[Episode]:
        try:
            return await made.label(group)
        finally:
            await made.close()

    return asyncio.run(main())


def test_an_episodes_score_is_a_fact_of_its_outcome() -> None:
    one, two = label(labeler(), episode("say 7"), episode("say 2"))

    assert one.outcome == {"success": 1.0, "manners": 0.7, "manners/tone": 0.7}
    assert two.outcome["manners"] == 0.2
    assert one.turns == episode("say 7").turns


def test_turns_are_scored_each_by_itself() -> None:
    (told,) = label(labeler(scope="turn"), episode("say 7", "say 8"))

    assert [turn.signals["manners"] for turn in told.turns] == [0.7, 0.8]
    assert [turn.signals["hit"] for turn in told.turns] == [1.0, 1.0]
    assert told.outcome == {"success": 1.0}


@pytest.mark.parametrize("scope", ["episode", "turn"])
def test_an_episode_that_the_judge_cannot_score_is_unscored_and_the_others_are_scored(
    scope: str,
) -> None:
    good, bad = label(labeler(scope=scope), episode("say 7"), episode("mumble"))

    assert good.status is Status.OK
    assert bad.status is Status.UNSCORED
    assert bad.error is not None
    assert bad.error.kind == "JudgeError"
    assert bad.error.message.startswith("manners: judge scripted was asked 3 times")
    assert "manners" not in bad.outcome


def test_one_turn_that_cannot_be_judged_leaves_the_whole_episode_unscored() -> None:
    def only_the_first(request: Request) -> str:
        return "nonsense" if "turn 2" in request.messages[1].content else answers_by_text(request)

    spec = JudgeLabelSpec.model_validate(
        {"model": {"backend": "scripted", "answers": ["x"]}, "rubric": RUBRIC, "scope": "turn"}
    )
    made = build("manners", spec, model=ScriptedModel(only_the_first))

    (told,) = label(made, episode("say 7", "say 8"))

    assert told.status is Status.UNSCORED
    assert all("manners" not in turn.signals for turn in told.turns)


def test_an_episode_that_is_not_scored_passes_through_unasked() -> None:
    broken = replace(
        episode("say 7", status=Status.INFRA_FAILED), error=Failure("EnvError", "it broke")
    )
    made = labeler()

    assert label(made, broken) == [broken]
    assert made.judge.bill.calls == 0


def test_an_episode_without_turns_is_scored_as_a_whole_and_has_no_turn_to_score() -> None:
    empty = episode()

    assert label(labeler(scope="turn"), empty) == [empty]
    assert label(labeler(), empty)[0].status is Status.UNSCORED  # it says no digit


def test_an_empty_group_has_no_labels() -> None:
    assert label(labeler()) == []


def test_a_rewritten_role_is_remembered_and_taken_up() -> None:
    made, again = labeler(), labeler()
    assert made.memory() == {}

    made.judge.asking = replace(made.judge.asking, role="Be strict.")
    again.restore(json.loads(json.dumps(made.memory())))

    assert again.judge.asking.role == "Be strict."


def test_what_was_not_rewritten_comes_from_the_suite() -> None:
    made = labeler(prompt="Be new.")

    made.restore(labeler(prompt="Be old.").memory())

    assert made.judge.asking.role == "Be new."

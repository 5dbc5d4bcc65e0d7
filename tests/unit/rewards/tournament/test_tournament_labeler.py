"""Places in a group as facts of the outcome."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agentrl.episode import Episode, Status, StopReason, Turn
from agentrl.errors import UsageError
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.tournament.labeler import TournamentLabeler, build
from agentrl.suite.reward.tournament import TournamentLabelSpec

MODEL = {"backend": "scripted", "answers": ["unused"]}
JUDGE = {"model": MODEL, "rubric": {"principles": "The larger the better."}}
RULE = [{"fact": "success"}, {"fact": "steps", "better": "lower"}]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))


def compares_digits(request: Request) -> str:
    """Give each record the digit that it says, and prefer what comes first by a point."""
    first, second = request.messages[1].content.split("the record of B begins")
    scores = []
    for record, bonus in ((first, 1), (second, 0)):
        found = [digit for digit in range(10) if f"say {digit}" in record]
        if not found:
            return "nonsense"
        scores.append(found[0] + bonus)
    return json.dumps({"scores": {"A": {"score": scores[0]}, "B": {"score": scores[1]}}})


def labeler(**keys: Any) -> TournamentLabeler:
    spec = TournamentLabelSpec.model_validate(keys)
    return build("best", spec, model=ScriptedModel(compares_digits))


def episode(name: str, action: str = "", status: Status = Status.OK, **outcome: float) -> Episode:
    turns = (Turn("saw", action),)
    return Episode(
        name, "t", "g", 0, "agent", status, StopReason.TERMINATED, turns, outcome=outcome
    )


def label(made: TournamentLabeler, *group: Episode) -> list[Episode]:
    async def main() -> list[Episode]:
        try:
            return await made.label(group)
        finally:
            await made.close()

    return asyncio.run(main())


def test_a_rule_ranks_a_group_without_a_model() -> None:
    group = (
        episode("a", success=1, steps=9),
        episode("b", success=0, steps=1),
        episode("c", success=1, steps=4),
    )

    told = label(labeler(rule=RULE, scheme="round_robin"), *group)

    assert [e.outcome["best"] for e in told] == [0.5, 0.0, 1.0]
    assert [e.outcome["best/rank"] for e in told] == [1.0, 2.0, 0.0]
    assert [e.outcome["best/points"] for e in told] == [0.5, 0.0, 1.0]


@pytest.mark.parametrize("scheme", ["single_elimination", "round_robin", "anchor"])
def test_a_judge_ranks_a_group_and_its_liking_for_the_first_does_not_count(scheme: str) -> None:
    group = [episode(f"e{digit}", f"say {digit}") for digit in (3, 8, 1, 5)]

    told = label(labeler(judge=JUDGE, scheme=scheme), *group)

    assert [e.outcome["best"] for e in told] == pytest.approx([1 / 3, 1.0, 0.0, 2 / 3])


def test_points_of_a_match_are_those_of_both_orders() -> None:
    told = label(
        labeler(judge=JUDGE, scheme="round_robin"), episode("x", "say 3"), episode("y", "say 8")
    )

    # 3 + 1 of 10 and 3 of 10; 8 + 1 of 10 and 8 of 10
    assert [e.outcome["best/points"] for e in told] == pytest.approx([0.7, 1.7])


def test_an_episode_that_the_judge_cannot_compare_is_unscored_and_not_the_last() -> None:
    group = [episode("a", "say 3"), episode("b", "mumble"), episode("c", "say 5")]

    a, b, c = label(labeler(judge=JUDGE, scheme="round_robin"), *group)

    assert (a.outcome["best"], c.outcome["best"]) == (0.0, 1.0)
    assert b.status is Status.UNSCORED
    assert b.error is not None
    assert b.error.kind == "JudgeError"
    assert "best: " in b.error.message
    assert "best" not in b.outcome


def test_episodes_that_are_not_scored_take_no_part() -> None:
    broken = episode("b", status=Status.INFRA_FAILED)
    group = (episode("a", success=1, steps=1), broken, episode("c", success=0, steps=1))

    a, b, c = label(labeler(rule=RULE), *group)

    assert (a.outcome["best"], c.outcome["best"]) == (1.0, 0.0)
    assert b is broken


def test_a_group_without_a_scored_episode_passes_through() -> None:
    broken = episode("b", status=Status.CANCELLED)

    assert label(labeler(rule=RULE), broken) == [broken]
    assert label(labeler(rule=RULE)) == []


def test_one_episode_alone_gets_a_half() -> None:
    (told,) = label(labeler(rule=RULE), episode("a", success=1, steps=1))

    assert told.outcome["best"] == 0.5


def test_a_rule_about_a_fact_that_nobody_states_is_refused() -> None:
    with pytest.raises(UsageError, match=r"no episode states the fact 'steps'"):
        label(labeler(rule=RULE), episode("a", success=1))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, "give one of 'judge' and 'rule'"),
        ({"judge": JUDGE, "rule": RULE}, "give one of 'judge' and 'rule'"),
        ({"rule": RULE, "scheme": "swiss2"}, "swiss"),
        ({"rule": RULE, "rounds": 3}, "'rounds' goes with scheme swiss"),
        ({"rule": []}, "at least 1"),
        ({"rule": [{"fact": "a", "margin": -1}]}, "greater than or equal to 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TournamentLabelSpec.model_validate(keys)

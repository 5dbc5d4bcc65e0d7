import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agentrl.episode import Episode, Status
from agentrl.errors import ModelError
from agentrl.models.base import Request
from agentrl.models.scripted import ScriptedModel
from agentrl.rewards.subgoals.labeler import SubgoalsLabeler, build
from agentrl.suite.reward.subgoals import SubgoalsLabelSpec
from tests.unit.rewards.novelty.episodes import walk

KEY = {"name": "key", "text": "The key is taken.", "pattern": "take the key"}
DOOR = {"name": "door", "text": "The door is open.", "pattern": "door is open"}
WALK = walk("a room", "You take the key.", "The door is open.", "You take the key. Bye.")
MODEL = {"backend": "scripted", "answers": ["[]"]}


def spec(**options: Any) -> SubgoalsLabelSpec:
    return SubgoalsLabelSpec.model_validate({"kind": "subgoals", **options})


def label(labeler: SubgoalsLabeler, *group: Episode) -> list[Episode]:
    async def run() -> list[Episode]:
        try:
            return await labeler.label(group)
        finally:
            await labeler.close()

    return asyncio.run(run())


def facts(episode: Episode, name: str) -> list[float]:
    return [turn.signals[name] for turn in episode.turns]


def test_each_turn_is_told_which_subgoals_it_is_the_first_to_reach() -> None:
    (labeled,) = label(build("way", spec(subgoals=[KEY, DOOR])), WALK)

    assert facts(labeled, "way/key") == [1.0, 0.0, 0.0]
    assert facts(labeled, "way/door") == [0.0, 1.0, 0.0]
    assert facts(labeled, "way") == [0.5, 0.5, 0.0]
    assert "way/broken" not in labeled.turns[0].signals


def test_an_order_is_kept_where_it_is_asked_for() -> None:
    (labeled,) = label(build("way", spec(subgoals=[DOOR, KEY], ordered=True)), WALK)

    assert facts(labeled, "way/door") == [0.0, 1.0, 0.0]
    assert facts(labeled, "way/key") == [0.0, 0.0, 1.0]


def test_a_broken_invariant_is_told_once_and_closes_the_rest() -> None:
    never = {"name": "gone", "pattern": "door is open"}
    (labeled,) = label(build("way", spec(subgoals=[KEY, DOOR], invariants=[never])), WALK)

    assert facts(labeled, "way") == [0.5, 0.0, 0.0]
    assert facts(labeled, "way/broken") == [0.0, 1.0, 0.0]


def test_a_subgoal_of_other_tasks_is_no_part_of_the_share() -> None:
    elsewhere = {**DOOR, "tasks": "other-*"}
    (labeled,) = label(build("way", spec(subgoals=[KEY, elsewhere])), WALK)

    assert facts(labeled, "way") == [1.0, 0.0, 0.0]
    (labeled,) = label(build("way", spec(subgoals=[elsewhere])), WALK)
    assert facts(labeled, "way") == [0.0, 0.0, 0.0]


def test_an_episode_that_is_not_scored_passes_untouched() -> None:
    lost = walk("a", "You take the key.", status=Status.CANCELLED)

    assert label(build("way", spec(subgoals=[KEY])), lost) == [lost]


def test_a_teacher_names_subgoals_once_for_each_task(tmp_path: Path) -> None:
    asked: list[str] = []

    def teach(request: Request) -> str:
        asked.append(request.messages[-1].content)
        return f"Gladly: {json.dumps([KEY, DOOR])}"

    teacher = {"model": MODEL, "about": "Doors need keys."}
    for _ in range(2):  # the second labeler finds the answer on disk
        labeler = build("way", spec(teacher=teacher), teacher=ScriptedModel(teach), folder=tmp_path)
        first, second = label(labeler, WALK, walk("a room", "you TAKE THE KEY", name="two"))

        assert facts(first, "way") == [0.5, 0.5, 0.0]
        assert facts(second, "way") == [0.5]
    assert len(asked) == 1
    assert "a room" in asked[0]
    assert "Doors need keys." in asked[0]


def test_subgoals_of_the_suite_come_before_those_of_a_teacher(tmp_path: Path) -> None:
    again = {**KEY, "pattern": "never said"}
    labeler = build(
        "way",
        spec(subgoals=[KEY], teacher={"model": MODEL}),
        teacher=ScriptedModel([json.dumps([again, DOOR])]),
        folder=tmp_path,
    )

    assert facts(label(labeler, WALK)[0], "way") == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("I would look around.", "it holds no JSON list"),
        ("[]", "at least one subgoal"),
        (json.dumps([KEY, KEY]), "a name of its own"),
        (json.dumps([{**KEY, "name": "a/b"}]), "use letters"),
        (json.dumps([{**KEY, "pattern": "(a+)+"}]), "may only follow"),
        (json.dumps([{"name": "key", "text": "x"}]), "'pattern' is missing"),
        (json.dumps([{"name": "key", "pattern": "x"}]), "'text' is missing"),
        ("[1]", "no mapping"),
    ],
)
def test_a_teacher_is_told_what_is_wrong_and_asked_again(
    tmp_path: Path, answer: str, problem: str
) -> None:
    asked: list[str] = []

    def teach(request: Request) -> str:
        asked.append(request.messages[-1].content)
        return answer if len(asked) == 1 else json.dumps([KEY])

    labeler = build(
        "way", spec(teacher={"model": MODEL}), teacher=ScriptedModel(teach), folder=tmp_path
    )

    assert facts(label(labeler, WALK)[0], "way") == [1.0, 0.0, 0.0]
    assert problem in asked[1]


def test_a_teacher_that_never_answers_usably_leaves_the_episode_unscored(tmp_path: Path) -> None:
    labeler = build(
        "way", spec(teacher={"model": MODEL}), teacher=ScriptedModel(["no"]), folder=tmp_path
    )
    (labeled,) = label(labeler, WALK)

    assert labeled.status is Status.UNSCORED
    assert labeled.error is not None
    assert labeled.error.kind == "JudgeError"
    assert "label way: scripted gave no usable answer in 3 tries" in labeled.error.message
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_of_a_teacher_is_asked_for_again(tmp_path: Path) -> None:
    teacher = ScriptedModel([json.dumps([KEY])])
    for _ in range(2):
        labeler = build("way", spec(teacher={"model": MODEL}), teacher=teacher, folder=tmp_path)
        assert facts(label(labeler, WALK)[0], "way") == [1.0, 0.0, 0.0]
        (kept,) = tmp_path.iterdir()
        kept.write_text('{"subgoals": [{"name"')


JUDGED = [
    {"name": "key", "text": "The key is taken.", "judge": True},
    {"name": "door", "text": "The door is open.", "judge": True},
]


def test_a_judge_says_for_each_turn_which_subgoals_are_reached() -> None:
    asked: list[str] = []

    def judge(request: Request) -> str:
        text = request.messages[-1].content
        asked.append(text)
        if "You take the key.\n</result>" in text:
            return "Only the first holds: [1]"
        return "[1]" if "The door is open.\n</result>" in text else "[]"

    labeler = build(
        "way", spec(subgoals=JUDGED, judge={"model": MODEL}), judge=ScriptedModel(judge)
    )
    first, again = label(labeler, WALK, WALK)

    assert facts(first, "way/key") == [1.0, 0.0, 0.0]
    assert facts(first, "way/door") == [0.0, 1.0, 0.0]  # by then the only one that is asked about
    assert again.turns == first.turns
    assert len(asked) == 2  # the group's second episode asks nothing new
    assert "1. The key is taken.\n2. The door is open." in asked[0]
    assert not any("bye" in text.lower() for text in asked)  # nothing is left to ask


def test_a_judge_of_nonsense_leaves_the_episode_unscored() -> None:
    for answer in ("Perhaps.", "[3]", '["key"]', "[true]"):
        labeler = build(
            "way", spec(subgoals=JUDGED, judge={"model": MODEL}), judge=ScriptedModel([answer])
        )
        (labeled,) = label(labeler, WALK)

        assert labeled.status is Status.UNSCORED
        assert labeled.error is not None
        assert labeled.error.kind == "JudgeError"
        assert labeled.turns == WALK.turns


def test_a_judge_that_fails_or_never_answers_leaves_the_episode_unscored() -> None:
    def fail(request: Request) -> str:
        raise ModelError("down")

    for judge in (ScriptedModel(fail), ScriptedModel(["[1]"], latency_s=5)):
        given = {"model": MODEL, "timeout_s": 0.05}
        labeler = build("way", spec(subgoals=JUDGED, judge=given), judge=judge)
        (labeled,) = label(labeler, WALK)

        assert labeled.status is Status.UNSCORED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give 'subgoals', a 'teacher'"),
        ({"subgoals": [{"name": "x"}]}, "exactly one of 'pattern', 'fact' and 'judge'"),
        ({"subgoals": [{"name": "x", "pattern": "("}]}, "no regular expression"),
        ({"subgoals": [{"name": "x", "fact": "f"}]}, "'fact' goes with one of"),
        ({"subgoals": [{"name": "x", "pattern": "a", "at_least": 1}]}, "'fact' goes with"),
        ({"subgoals": [{"name": "x", "judge": True}]}, "judged by its 'text'"),
        ({"subgoals": JUDGED}, "no 'judge' is given"),
        ({"teacher": {"model": MODEL, "by": "judge"}}, "no 'judge' is given"),
        ({"subgoals": [KEY, KEY]}, "'key' cannot be a name here"),
        ({"subgoals": [{**KEY, "name": "broken"}]}, "'broken' cannot be a name"),
        ({"subgoals": [{**KEY, "name": "a/b"}]}, "should match pattern"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(**options)

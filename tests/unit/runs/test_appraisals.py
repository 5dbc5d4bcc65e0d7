"""What episodes turned out to be worth is laid over what was recorded when they ended."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.episode import Episode, Failure, Gate, Status, StopReason, Turn
from agentrl.errors import RecordError
from agentrl.runs.appraisals import APPRAISALS
from agentrl.runs.folder import EPISODES, RunFolder, read_episodes

EPISODE = Episode(
    id="a",
    task_id="t",
    group_id="g",
    seed=0,
    agent="m",
    status=Status.OK,
    stop_reason=StopReason.TERMINATED,
    turns=(Turn("room", "go", terms={"success": 1.0}),),
    outcome={"success": 1.0},
)
APPRAISED = replace(
    EPISODE,
    turns=(replace(EPISODE.turns[0], signals={"new": 0.5}, terms={"success": 0.5, "cheap": 0.2}),),
    outcome={"success": 1.0, "quality": 0.7},
    gates=(Gate("handed-in", True, "submitted is 1, asked for submitted >= 1"),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    with RunFolder.create(tmp_path / "run", "name: demo\n") as made:
        made.append(EPISODE)
        yield made


def test_an_appraisal_is_laid_over_the_record_which_stays_as_it_was(folder: RunFolder) -> None:
    folder.append_appraisals([APPRAISED])

    assert list(folder.episodes()) == [APPRAISED]
    assert list(folder.recorded()) == [EPISODE]


def test_the_last_appraisal_counts(folder: RunFolder) -> None:
    folder.append_appraisals([EPISODE, APPRAISED])

    assert list(folder.episodes()) == [APPRAISED]


def test_writing_all_again_leaves_nothing_of_before(folder: RunFolder) -> None:
    folder.append_appraisals([APPRAISED])
    folder.write_appraisals([EPISODE])

    assert list(folder.episodes()) == [EPISODE]


def test_an_episode_that_a_judge_gave_up_on_is_unscored(folder: RunFolder) -> None:
    lost = replace(EPISODE, status=Status.UNSCORED, error=Failure("JudgeError", "silent"))
    folder.append_appraisals([lost])

    assert list(folder.episodes()) == [lost]


def test_a_torn_last_line_is_passed_over(folder: RunFolder) -> None:
    folder.append_appraisals([APPRAISED])
    file = folder.path / APPRAISALS
    file.write_bytes(file.read_bytes()[:-20])

    assert list(folder.episodes()) == [EPISODE]


def test_a_broken_line_is_named(folder: RunFolder) -> None:
    (folder.path / APPRAISALS).write_text("{}\n", encoding="utf-8")

    with pytest.raises(RecordError, match=r"rewards\.jsonl:1: no appraisal of an episode"):
        list(read_episodes(folder.path / EPISODES))


def test_the_rewards_of_an_attempt_that_was_played_again_are_not_laid_over_the_new_one(
    folder: RunFolder,
) -> None:
    folder.append_appraisals([replace(APPRAISED, turns=APPRAISED.turns * 2)])

    assert list(folder.episodes()) == [EPISODE]


def test_a_reward_that_is_no_number_is_refused(folder: RunFolder) -> None:
    bad = replace(EPISODE, turns=(replace(EPISODE.turns[0], terms={"success": math.nan}),))

    with pytest.raises(RecordError, match="rewards of episode 'a'"):
        folder.append_appraisals([bad])

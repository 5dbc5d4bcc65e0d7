"""Numbers of the suite that change while training goes on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agentrl.errors import SuiteError
from agentrl.suite import Suite, load_suite
from agentrl.training.schedules import Schedules

Scheduled = Callable[[str, str], Suite]

SUITE = """\
name: counting
env: {id: "agentrl.testing.worlds:agentrl-testing/Counter-v0", options: {target: 3}}
tasks: {inline: [{id: a}]}
agent: {kind: random}
limits: {max_turns: 30}
train:
  steps: 11
  schedules:
    KEY: SCHEDULE
"""


@pytest.fixture
def scheduled(tmp_path: Path) -> Scheduled:
    def scheduled(key: str, schedule: str) -> Suite:
        path = tmp_path / "suite.yaml"
        path.write_text(SUITE.replace("KEY", key).replace("SCHEDULE", schedule))
        return load_suite(path)

    return scheduled


def values(suite: Suite, key: str, *steps: int) -> list[float]:
    schedules = Schedules(suite)
    return [round(schedules.values_at(step)[key], 4) for step in steps]


def test_a_line_from_start_to_end(scheduled: Scheduled) -> None:
    suite = scheduled("train.loss.entropy", "{start: 0.1, end: 0.0}")
    assert values(suite, "train.loss.entropy", 1, 6, 11, 20) == [0.1, 0.05, 0.0, 0.0]


def test_it_starts_at_the_suites_own_value(scheduled: Scheduled) -> None:
    suite = scheduled("limits.max_turns", "{end: 10}")
    assert values(suite, "limits.max_turns", 1, 6, 11) == [30, 20, 10]


def test_a_cosine_is_slow_at_both_ends(scheduled: Scheduled) -> None:
    suite = scheduled("train.loss.entropy", "{shape: cosine, start: 1, end: 0}")
    assert values(suite, "train.loss.entropy", 1, 2, 6, 11) == [1.0, 0.9755, 0.5, 0.0]


def test_steps_change_now_and_then(scheduled: Scheduled) -> None:
    suite = scheduled("limits.max_turns", "{shape: steps, end: 10, every: 4}")
    assert values(suite, "limits.max_turns", 1, 4, 5, 8, 9, 11) == [30, 30, 20, 20, 10, 10]


def test_it_can_end_before_the_training_does(scheduled: Scheduled) -> None:
    suite = scheduled("limits.max_turns", "{end: 10, over: 5}")
    assert values(suite, "limits.max_turns", 1, 3, 5, 11) == [30, 20, 10, 10]


def test_the_suite_of_a_step_has_its_values(scheduled: Scheduled) -> None:
    schedules = Schedules(scheduled("limits.max_turns", "{end: 10}"))
    assert schedules.spec_at(6).limits.max_turns == 20
    assert schedules.spec_at(6) is schedules.spec_at(6)
    assert schedules.spec_at(1).env.options == {"target": 3}


def test_an_option_of_the_environment_can_follow(scheduled: Scheduled) -> None:
    schedules = Schedules(scheduled("env.options.target", "{end: 13}"))
    assert schedules.spec_at(11).env.options == {"target": 13}


def test_turns_follow_what_was_observed(scheduled: Scheduled) -> None:
    """WMAct: (mean + most) / 2 of what was seen since; 4, 6 and 14 make (8 + 14) / 2 = 11."""
    suite = scheduled("limits.max_turns", "{shape: observed_turns, every: 2}")
    schedules = Schedules(suite)
    schedules.note_turns([4, 6], 1)
    assert schedules.values_at(2) == {"limits.max_turns": 30}
    schedules.note_turns([14], 2)
    assert schedules.values_at(3) == {"limits.max_turns": 11}


def test_what_was_observed_outlives_a_restart(scheduled: Scheduled) -> None:
    suite = scheduled("limits.max_turns", "{shape: observed_turns, every: 2}")
    before = Schedules(suite)
    before.note_turns([4, 6], 1)
    after = Schedules(suite)
    after.restore(json.loads(json.dumps(before.state())))
    after.note_turns([14], 2)
    assert after.values_at(3) == {"limits.max_turns": 11}


@pytest.mark.parametrize(
    ("key", "schedule", "complaint"),
    [
        ("limits.max_turnz", "{end: 3}", r"suite.yaml:9: .* \(did you mean limits.max_turns\?\)"),
        ("train.steps", "{end: 3}", "it is read once, before the first step"),
        ("rollouts.seed", "{end: 3}", "it is read once, before the first step"),
        ("train.loss.ratio", "{end: 3}", "number"),
        ("limits.max_turns", "{end: -3}", "the suite cannot be used: limits.max_turns"),
        ("limits.turn_s", "{shape: observed_turns}", "is for limits.max_turns alone"),
        ("limits.max_turns", "{start: 3}", "shape 'linear' needs an 'end'"),
        ("limits.max_turns", "{shape: jump, end: 3}", "shape"),
    ],
)
def test_what_cannot_follow_a_schedule_is_said_before_the_first_step(
    scheduled: Scheduled, key: str, schedule: str, complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        Schedules(scheduled(key, schedule))

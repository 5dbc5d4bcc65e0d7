"""Milestones in a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.rewards.verify.milestones import MOST_CHARS, MOST_LINE, read_milestones

STEPS = {"loaded": r"^loaded \d+ rows$", "trained": "trained", "scored": r"score=\d"}


def test_the_first_hit_of_each_milestone_counts() -> None:
    log = "start\ntrained once\nloaded 12 rows\ntrained twice\n"

    milestones = read_milestones(STEPS)

    assert milestones.reached(log) == {"loaded": 2, "trained": 1}
    assert milestones.facts(log) == {"loaded": 1.0, "trained": 1.0, "scored": 0.0}


def test_in_order_a_milestone_counts_behind_the_one_before() -> None:
    milestones = read_milestones(STEPS, in_order=True)

    assert milestones.reached("trained\nloaded 3 rows\nscore=1") == {"loaded": 1}
    assert milestones.reached("loaded 3 rows\ntrained, score=1") == {
        "loaded": 0,
        "trained": 1,
        "scored": 1,
    }
    assert milestones.reached("trained\nscore=1") == {}


def test_of_long_logs_the_beginning_and_the_end_are_read() -> None:
    milestones = read_milestones({"first": "alpha", "middle": "beta", "last": "gamma"})
    filler = "x\n" * MOST_CHARS

    found = milestones.reached(f"alpha\n{filler}beta\n{filler}gamma")

    assert found.keys() == {"first", "last"}
    assert milestones.reached("y" * MOST_LINE + "alpha") == {}


def test_a_hostile_log_does_not_hold_a_sound_pattern_up() -> None:
    milestones = read_milestones({"slow": "a*a*b"})  # takes the square of a line's length

    assert milestones.reached("a" * 10**7) == {}  # without a limit it would take for ever


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "no regular expression"),
        ("(a+)+b", "repeats a repetition"),
        ("(?:a*?)*b", "repeats a repetition"),
        ("(a{2,}){3,}", "repeats a repetition"),
        (".*", "met by an empty line"),
        ("", "met by an empty line"),
    ],
)
def test_patterns_that_cannot_serve_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"the milestone 'x'.*{message}"):
        read_milestones({"x": pattern})


@given(st.text(), st.booleans())
def test_more_log_never_takes_a_milestone_away(log: str, in_order: bool) -> None:
    milestones = read_milestones({"a": "a", "b": "b"}, in_order=in_order)

    assert milestones.reached(log).keys() <= milestones.reached(log + "\nab\n").keys()
    assert read_milestones({}).reached(log) == {}

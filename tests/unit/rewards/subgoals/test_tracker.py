from hypothesis import given
from hypothesis import strategies as st

from agentrl.rewards.subgoals.subgoal import (
    Bound,
    Invariant,
    Pattern,
    Subgoal,
    Transition,
    Verdict,
)
from agentrl.rewards.subgoals.tracker import Tracker

GOALS = [Subgoal(name, "", Verdict()) for name in "abc"]
NEVER = [Invariant("spill", "", Verdict())]
ALWAYS = [Invariant("alive", "", Verdict(), "always")]


def follow(tracker: Tracker, *turns: str) -> list[tuple[str, ...]]:
    return [tracker.step(turn.split()) for turn in turns]


def test_each_subgoal_counts_once_on_the_turn_that_reaches_it_first() -> None:
    tracker = Tracker(GOALS, [], ordered=False)

    assert follow(tracker, "", "c", "c", "a c", "b") == [(), ("c",), (), ("a",), ("b",)]
    assert tracker.watched == ()


def test_in_order_a_subgoal_waits_for_all_before_it() -> None:
    tracker = Tracker(GOALS, [], ordered=True)

    assert follow(tracker, "b", "a", "c", "c b") == [(), ("a",), (), ("b", "c")]


def test_a_broken_invariant_closes_what_is_left_from_its_own_turn_on() -> None:
    tracker = Tracker(GOALS, NEVER, ordered=False)

    assert follow(tracker, "a", "b spill", "b c") == [("a",), (), ()]
    assert tracker.broken == "spill"
    assert tracker.watched == ()


def test_an_invariant_that_must_always_hold_is_broken_by_a_turn_without_it() -> None:
    tracker = Tracker(GOALS, ALWAYS, ordered=False)

    assert follow(tracker, "a alive", "b", "c alive") == [("a",), (), ()]
    assert tracker.broken == "alive"


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=3), max_size=8),
    st.booleans(),
)
def test_no_subgoal_is_reached_twice(turns: list[list[str]], ordered: bool) -> None:
    tracker = Tracker(GOALS, [], ordered=ordered)
    reached = [name for turn in turns for name in tracker.step(turn)]

    assert len(reached) == len(set(reached))
    if ordered:
        assert reached == ["a", "b", "c"][: len(reached)]


def test_a_pattern_is_found_where_it_is_looked_for() -> None:
    turn = Transition("a room", "take key", "You take the key.", {})

    assert Pattern("take the key").holds(turn)
    assert not Pattern("take the key", "action").holds(turn)
    assert Pattern("^take", "action").holds(turn)
    assert Pattern("room", "observation").holds(turn)
    assert Pattern("TAKE THE", ignore_case=True).holds(turn)
    assert not Pattern("key", most=10).holds(turn)


def test_a_bound_needs_its_fact() -> None:
    turn = Transition("", "", "", {"score": 2.0})

    assert Bound("score", at_least=2.0).holds(turn)
    assert not Bound("score", at_least=2.5).holds(turn)
    assert Bound("score", at_most=2.0).holds(turn)
    assert not Bound("health", at_most=2.0).holds(turn)

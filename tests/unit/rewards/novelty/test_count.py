import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.rewards.novelty.count import Counts
from agentrl.rewards.novelty.trail import Trail, normalized, trail
from tests.unit.rewards.novelty.episodes import walk

ROOT = 2**-0.5
TEXTS = st.lists(st.sampled_from("abcde"), max_size=6).map(lambda row: Trail(None, tuple(row)))


def test_within_an_episode_the_nth_visit_earns_one_over_root_n_and_the_start_is_one() -> None:
    counts = Counts(10)
    path = Trail("A", ("B", "A", "B", "B", None, "C"))

    assert counts.episodic(path) == pytest.approx([1, ROOT, ROOT, 3**-0.5, 0, 1])


def test_overall_visits_of_earlier_episodes_count_too() -> None:
    counts = Counts(10)
    counts.learn([Trail("A", ("B", "B")), Trail("A", ("B",))])

    # A was visited twice, B three times; here A once more at the start
    assert counts.overall(Trail("A", ("B", "A", "C", "B"))) == pytest.approx(
        [4**-0.5, 4**-0.5, 1, 5**-0.5]
    )


def test_what_was_not_seen_longest_is_forgotten_and_new_again() -> None:
    counts = Counts(2)
    counts.learn([Trail(None, ("old", "old", "old"))])
    counts.learn([Trail(None, ("a", "a"))])
    counts.learn([Trail(None, ("b",))])

    assert counts.memory()["forgotten"] == 1
    assert counts.overall(Trail(None, ("old", "a", "b"))) == pytest.approx([1, 3**-0.5, ROOT])


@given(st.lists(TEXTS, min_size=1, max_size=5), st.randoms(), st.integers(1, 4))
def test_the_order_of_episodes_makes_no_difference(
    trails: list[Trail], random: Random, capacity: int
) -> None:
    left, right = Counts(capacity), Counts(capacity)
    left.learn(trails)
    shuffled = list(trails)
    random.shuffle(shuffled)
    right.learn(shuffled)

    assert left.memory() == right.memory()
    assert len(left.memory()["visits"]) <= capacity


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_bonuses_lie_above_zero_and_at_most_at_one(trails: list[Trail], path: Trail) -> None:
    counts = Counts(100)
    counts.learn(trails)

    for bonuses in (counts.overall(path), counts.episodic(path)):
        assert all(0 < bonus <= 1 for bonus in bonuses)


def test_a_memory_survives_json() -> None:
    counts, again = Counts(10), Counts(10)
    counts.learn([Trail("A", ("B",))])
    again.restore(json.loads(json.dumps(counts.memory())))
    counts.learn([Trail("A", ("C",))])
    again.learn([Trail("A", ("C",))])

    assert again.memory() == counts.memory()


def test_the_text_that_may_be_new_is_what_the_suite_says() -> None:
    episode = walk("Room A", "Room  B", "Room 12", actions=["North", "north"])

    assert trail(episode, "result") == Trail("Room A", ("Room  B", "Room 12"))
    assert trail(episode, "observation") == Trail(None, ("Room A", "Room  B"))
    assert trail(episode, "action", ("case",)) == Trail(None, ("north", "north"))
    assert trail(episode, "both") == Trail(None, ("Room A\n> North", "Room  B\n> north"))
    assert trail(episode, "result", ("space", "digits")).steps == ("Room B", "Room #")


def test_a_turn_that_led_to_nothing_visible_has_no_text() -> None:
    assert trail(walk("A", "B", ""), "result") == Trail("A", ("B", None))
    assert trail(walk("A"), "result") == Trail(None, ())


def test_normalizing_leaves_what_is_not_to_be_ignored() -> None:
    assert normalized(" A  1 ", ()) == " A  1 "

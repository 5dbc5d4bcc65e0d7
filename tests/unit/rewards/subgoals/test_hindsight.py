import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.errors import UsageError
from agentrl.models.base import Message
from agentrl.rewards.subgoals.hindsight import (
    hindsight_messages,
    hindsight_prompt,
    improvement_bonus,
    unmet_subgoals,
)
from agentrl.rewards.subgoals.labeler import build
from agentrl.rewards.subgoals.subgoal import Pattern, Subgoal
from agentrl.suite.reward.subgoals import SubgoalsLabelSpec
from tests.unit.rewards.novelty.episodes import walk

FAILED = walk("a room", "nothing  happens", "the end", actions=["wait", "sing"])


def test_a_prompt_tells_what_was_done_and_what_it_lacked() -> None:
    text = hindsight_prompt(FAILED, ["The key is taken.", "The door is open."])

    assert "Saw: a room\nDid: wait\nSaw: nothing happens\nDid: sing\nSaw last: the end" in text
    assert "- The key is taken.\n- The door is open." in text
    assert text.endswith("keep what worked.")


def test_a_long_attempt_is_shown_by_its_end_and_long_texts_are_cut() -> None:
    text = hindsight_prompt(FAILED, ["x"], turns=1, characters=4)

    assert "[1 earlier turns are left out]\nSaw: noth ...\nDid: sing" in text


def test_an_attempt_that_lacked_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one unmet item"):
        hindsight_prompt(FAILED, [])


def test_messages_begin_with_the_instructions() -> None:
    (message,) = hindsight_messages("Find the key.", FAILED, ["x"])

    assert message == Message("system", f"Find the key.\n\n{hindsight_prompt(FAILED, ['x'])}")
    assert hindsight_messages("", FAILED, ["x"])[0].content == hindsight_prompt(FAILED, ["x"])


def test_what_was_not_reached_is_read_from_the_labels() -> None:
    spec = SubgoalsLabelSpec.model_validate(
        {
            "kind": "subgoals",
            "subgoals": [
                {"name": "calm", "text": "Nothing happened.", "pattern": "nothing"},
                {"name": "key", "text": "The key is taken.", "pattern": "key"},
            ],
        }
    )
    (labeled,) = asyncio.run(build("way", spec).label([FAILED]))
    goals = [Subgoal("calm", "Nothing happened.", Pattern("")), Subgoal("key", "", Pattern(""))]

    assert unmet_subgoals(labeled, "way", goals) == ["key"]


def test_the_bonus_is_as_by_hand() -> None:
    assert improvement_bonus(0.2, [0.6, 1.0]) == pytest.approx(0.5 * (0.8 - 0.2))
    assert improvement_bonus(0.2, [0.6], weight=1.0) == pytest.approx(0.4)
    assert improvement_bonus(0.5, [0.1]) == 0.0
    assert improvement_bonus(1.0, [2.0]) == 0.0
    assert improvement_bonus(0.5, []) == 0.0
    with pytest.raises(UsageError, match="between 0 and 1"):
        improvement_bonus(0.5, [1.0], weight=1.5)


@given(st.floats(-1, 2), st.lists(st.floats(-1, 2), min_size=1, max_size=4), st.floats(0, 1))
def test_an_attempt_and_its_bonus_are_worth_no_more_than_what_they_led_to(
    first: float, guided: list[float], weight: float
) -> None:
    bonus = improvement_bonus(first, guided, weight=weight)

    assert bonus >= 0
    assert first + bonus <= max(first, sum(guided) / len(guided)) + 1e-9

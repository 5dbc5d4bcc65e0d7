from typing import Any

import pytest

from agentrl.envs.text.textworld.options import checked_options
from agentrl.errors import TaskError


def test_a_preset_is_rooms_objects_and_quest_length_in_one_word() -> None:
    chosen = checked_options({"preset": "w4-o6-q8"})
    assert chosen.settings == {"game": "custom", "rooms": 4, "objects": 6, "quest_length": 8}
    assert (chosen.name, chosen.max_turns) == ("w4-o6-q8", 24)


def test_single_numbers_make_the_same_game_as_the_preset() -> None:
    single = checked_options({"rooms": 4, "objects": 6, "quest_length": 8})
    assert single.settings == checked_options({"preset": "w4-o6-q8"}).settings


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"preset": "w2o3q4"}, "w2o3q4.*such as w2-o3-q4"),
        ({"preset": "w0-o3-q4"}, "such as w2-o3-q4"),
        ({"preset": "w2-o3-q4", "rooms": 3}, "'preset' or .*rooms.*not both"),
        ({"preset": "w2-o3-q4", "game": "cooking"}, "belongs to the game 'custom'"),
        ({"romms": 3}, r"'romms' is unknown \(did you mean rooms\?\)"),
        ({"rooms": "3"}, "'rooms' is '3'"),
        ({"rooms": 0}, "'rooms' is 0"),
        ({"game": "chess"}, "'game' is 'chess'"),
        ({"level": 3}, "no meaning in the game 'custom'"),
        ({"game": "treasure_hunter", "level": 31}, "the highest is 30"),
        ({"game": "coin_collector", "level": 151}, "more than 100 rooms"),
        ({"game": "cooking", "recipe": 1, "take": 2}, "take is 2, more than the recipe's 1"),
        ({"game": "cooking", "go": 5}, "'go' is 5"),
        ({"game": "simple", "rewards": "denser"}, "'rewards' is 'denser'"),
        ({"file": "a.z8", "rooms": 3}, "played as it is; leave out"),
    ],
)
def test_an_option_that_cannot_be_used_is_named_with_what_was_expected(
    given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(TaskError, match=problem):
        checked_options(given)


def test_a_task_may_change_single_options() -> None:
    base = checked_options({"preset": "w2-o3-q4"})
    assert base.changed({"rooms": 5}).name == "w5-o3-q4"
    assert base.changed({"preset": "w8-o3-q4"}).name == "w8-o3-q4"
    assert base.changed({"game": "coin_collector", "level": 7}).settings["level"] == 7
    assert base.changed({}) is base


def test_a_task_that_changes_an_unknown_option_is_refused() -> None:
    with pytest.raises(TaskError, match="'lvl' is unknown"):
        checked_options({}).changed({"lvl": 7})


@pytest.mark.parametrize(
    ("given", "turns"),
    [
        ({"game": "coin_collector", "level": 10}, 30),
        ({"game": "coin_collector", "level": 110}, 60),
        ({"game": "treasure_hunter", "level": 15}, 30),
        ({"game": "simple"}, 30),
        ({"game": "cooking"}, 100),
        ({"file": "my/house.z8"}, 100),
    ],
)
def test_every_game_advises_a_number_of_turns(given: dict[str, Any], turns: int) -> None:
    assert checked_options(given).max_turns == turns

from agentrl.envs.text.textworld.cleaning import clean_feedback, compose, was_accepted

STATUS = "\n\n>" + " " * 120 + "-= Dish-Pit =-0/15"


def test_the_status_line_with_the_score_is_cut_off() -> None:
    assert clean_feedback(f"\nYou open the fridge.\n\n{STATUS}") == "You open the fridge."


def test_the_end_keeps_its_news_and_loses_score_and_menu() -> None:
    feedback = (
        "\nYou put the teacup on the chair.\n\n\nYour score has just gone up by one point.\n\n\n"
        "                    *** The End ***\n\nYou scored 1 out of a possible 1, in 9 turns.\n\n\n"
        f"Would you like to RESTART, RESTORE a saved game, QUIT or UNDO the last command?{STATUS}"
    )
    assert clean_feedback(feedback) == "You put the teacup on the chair.\n\n*** The End ***"


def test_a_change_of_the_score_on_the_way_is_not_told() -> None:
    feedback = f"\nYou open the door.\n\n\nYour score has just gone up by one point.\n{STATUS}"
    assert clean_feedback(feedback) == "You open the door."


def test_a_carried_out_action_is_told_by_its_trace() -> None:
    raw = "\n[opening the fridge]\nYou open it.\n[opening the fridge - succeeded]\n\n<description>"
    assert was_accepted(raw)


def test_the_appended_room_is_no_action_of_the_player() -> None:
    raw = "\nNo.\n<description>\n[looking]\nA room.\n[looking - succeeded]\n</description>"
    assert not was_accepted(raw)


def test_a_failed_action_and_a_part_of_one_are_not_accepted() -> None:
    assert not was_accepted("[going up]\nYou can't.\n[going up - failed the can't go rule]")
    assert not was_accepted("[(1) taking the cup - succeeded]\n[inserting it - failed the rule]")


def test_an_observation_tells_the_goal_first_and_the_room_once() -> None:
    room = "-= Hall =-\nA hall."
    first = compose("", room, "You are carrying nothing.", goal="Find it.")
    assert first == f"Goal: Find it.\n\n{room}\n\nYou are carrying nothing."
    assert compose(room, room, "You are carrying nothing.").count("A hall.") == 1


def test_the_answer_to_inventory_is_not_told_twice() -> None:
    assert compose("A cup.", "A hall.", "A cup.") == "A hall.\n\nA cup."


def test_the_legal_commands_come_last() -> None:
    assert compose("", "A hall.", "Nothing.", legal=("go east", "look")).endswith(
        "You can: go east; look"
    )

import math
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.text.textworld import TextWorldEnv
from agentrl.envs.text.textworld.options import checked_options
from agentrl.envs.text.textworld.process import make_game
from agentrl.errors import TaskError
from agentrl.task import Task
from agentrl.testing.envs import check_text_env

LEAK = re.compile(r"score|possible|\d/\d|\$\$|RESTART|QUIT", re.IGNORECASE)
COOKING: dict[str, Any] = {
    "game": "cooking",
    "recipe": 2,
    "take": 2,
    "open": True,
    "cook": True,
    "go": 6,
}
EVERY_GAME: list[dict[str, Any]] = [
    {"preset": "w2-o3-q4"},
    {"preset": "w4-o6-q8"},
    {"game": "simple", "rewards": "balanced", "goal": "brief"},
    {"game": "coin_collector", "level": 4},
    {"game": "treasure_hunter", "level": 12},
    COOKING,
    COOKING | {"drop": True},
]


@pytest.fixture
def env() -> Iterator[TextWorldEnv]:
    """A small game, begun with seed 7; its solution has four commands."""
    env = TextWorldEnv(preset="w2-o3-q4")
    env.reset(seed=7)
    yield env
    env.close()


def play_expert(env: TextWorldEnv) -> list[tuple[str, str, dict[str, Any]]]:
    turns = []
    while True:
        action = env.expert_action()
        assert action is not None
        observation, _, terminated, _, info = env.step(action)
        turns.append((action, observation, info))
        if terminated:
            return turns


@pytest.mark.parametrize("options", EVERY_GAME, ids=str)
def test_every_game_keeps_the_promises_of_an_environment(options: dict[str, Any]) -> None:
    game = make_game(checked_options(options).settings, 3)
    check_text_env(lambda: TextWorldEnv(file=str(game)), Task("any", seed=3), bad_action="save")


@pytest.mark.slow  # gymnasium's checks ask for a new game at every turn
def test_generated_games_keep_the_promises_of_an_environment() -> None:
    check_text_env(lambda: TextWorldEnv(preset="w2-o3-q4"), Task("any", seed=7), bad_action="save")


@pytest.mark.parametrize("options", EVERY_GAME, ids=str)
def test_the_expert_wins_every_game_and_never_sees_the_score(options: dict[str, Any]) -> None:
    env = TextWorldEnv(**options)
    for seed in (3, 4):
        opening, _ = env.reset(seed=seed)
        turns = play_expert(env)
        assert turns[-1][2]["outcome"] == {"success": 1.0, "score": 1.0, "lost": 0.0}
        assert len(turns) <= env.max_turns
        for name in ("progress", "score"):
            assert math.isclose(math.fsum(info["signals"][name] for _, _, info in turns), 1)
        assert not any(LEAK.search(text) for text in (opening, *(seen for _, seen, _ in turns)))
    env.close()


def test_the_first_observation_tells_the_goal_the_room_and_the_inventory() -> None:
    env = TextWorldEnv(game="simple", goal="brief")
    observation, _ = env.reset(seed=0)
    goal, room, *_, inventory = observation.split("\n\n")
    assert goal.startswith("Goal: The dinner is almost ready!")
    assert room.startswith("-= Bedroom =-\n")
    assert inventory == "You are carrying nothing."
    env.close()


def test_a_game_may_keep_its_goal_to_itself() -> None:
    env = TextWorldEnv(game="simple", goal="none")
    assert "Goal" not in env.reset(seed=0)[0]
    env.close()


def test_admissible_commands_are_listed_only_if_asked_for(env: TextWorldEnv) -> None:
    assert "You can:" not in str(env.render())
    assert env.legal_actions() == ("go south", "inventory", "look")
    listing = TextWorldEnv(preset="w2-o3-q4", admissible=True)
    assert listing.reset(seed=7)[0].endswith("You can: go south; inventory; look")
    assert listing.step("go south")[0].endswith(
        "examine fridge; go north; inventory; look; open fridge"
    )
    listing.close()


def test_a_legal_action_is_carried_out(env: TextWorldEnv) -> None:
    rng = random.Random(0)
    for _ in range(30):
        action = rng.choice(env.legal_actions() or ())
        _, _, terminated, _, info = env.step(action)
        assert info["signals"]["grounded"] == 1, action
        if terminated:
            env.reset(seed=7)


@pytest.mark.parametrize("action", ["dance", "take moon", "go up", "open", "xyzzy 1 2 3"])
def test_a_command_that_leads_to_nothing_is_not_grounded(env: TextWorldEnv, action: str) -> None:
    legal = env.legal_actions()
    observation, reward, terminated, _, info = env.step(action)
    assert info["signals"] == {"format_ok": 1, "grounded": 0, "progress": 0, "score": 0}
    assert (reward, terminated) == (0, False)
    assert "-= Lounge =-" in observation
    assert env.legal_actions() == legal


def test_a_command_to_the_game_program_is_answered_and_changes_nothing(
    env: TextWorldEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env.step("go south")
    for action in ("save", "quit", "open fridge. save", "undo", "restart"):
        observation, _, terminated, _, info = env.step(action)
        assert info["signals"] == {"format_ok": 0, "grounded": 0, "progress": 0, "score": 0}
        assert "-= Dish-Pit =-" in observation
        assert not terminated
    assert env.expert_action() == "open fridge"
    assert list(tmp_path.iterdir()) == []


def test_a_question_of_the_game_can_not_be_answered_with_a_command_to_it(env: TextWorldEnv) -> None:
    assert env.step("examine")[0].startswith("What do you want to examine?")
    assert env.step("quit")[4]["signals"]["format_ok"] == 0
    assert play_expert(env)[-1][2]["outcome"]["success"] == 1


def test_progress_follows_the_plan_and_walking_to_and_fro_earns_nothing(env: TextWorldEnv) -> None:
    moves = ["go south", "go north", "go south", "open fridge", "close fridge"]
    progress = [env.step(move)[4]["signals"]["progress"] for move in moves]
    assert progress == [0.25, -0.25, 0.25, 0.25, -0.25]


def test_the_expert_plans_anew_from_wherever_the_player_is() -> None:
    env = TextWorldEnv(preset="w4-o6-q8")
    rng = random.Random(1)
    env.reset(seed=5)
    for _ in range(12):
        env.step(rng.choice(env.legal_actions() or ()))
    assert play_expert(env)[-1][2]["outcome"]["success"] == 1
    env.close()


def test_a_walkthrough_is_given_up_when_the_player_leaves_it() -> None:
    env = TextWorldEnv(**COOKING, drop=True)
    env.reset(seed=3)
    first = env.expert_action()
    env.step("look")
    env.step("save")
    assert env.expert_action() == first
    strange = [a for a in env.legal_actions() or () if not a.startswith(("look", "inv", "exam"))]
    env.step(strange[0])
    assert env.expert_action() is None
    env.close()


def test_losing_ends_the_game_and_takes_the_progress_back() -> None:
    env = TextWorldEnv(game="simple")
    env.reset(seed=0)
    progress = []
    while True:
        action = env.expert_action() or ""
        action = f"eat {action[4:].split(' on ')[0]}" if action.startswith("put ") else action
        observation, _, terminated, _, info = env.step(action)
        progress.append(info["signals"]["progress"])
        if terminated:
            break
    assert info["outcome"]["lost"] == 1
    assert info["outcome"]["success"] == 0
    assert 0 < info["outcome"]["score"] < 1
    assert math.isclose(math.fsum(progress), 0, abs_tol=1e-9)
    assert "*** You lost! ***" in observation
    env.close()


def test_a_quest_that_became_impossible_leaves_the_expert_without_action(tmp_path: Path) -> None:
    import textworld

    options = textworld.GameOptions()
    options.seeds, options.path = 1, str(tmp_path / "apple.z8")
    maker = textworld.GameMaker(options)
    kitchen = maker.new_room("kitchen")
    maker.set_player(kitchen)
    apple, table = maker.new(type="f", name="apple"), maker.new(type="s", name="table")
    apple.add_property("edible")
    kitchen.add(table)
    maker.inventory.add(apple)
    maker.set_quest_from_commands(["put apple on table"])
    textworld.generator.compile_game(maker.build(), options)

    env = TextWorldEnv(file=options.path)
    env.reset(seed=0)
    assert env.expert_action() == "put apple on table"
    assert env.step("drop apple")[4]["signals"]["progress"] == -1
    _, _, terminated, _, info = env.step("take apple")
    assert info["signals"]["progress"] == 1
    _, _, terminated, _, info = env.step("eat apple")
    assert (terminated, info["signals"]["progress"], env.expert_action()) == (False, 0, None)
    assert env.step("look")[4]["signals"]["grounded"] == 1
    env.close()


def test_one_process_plays_game_after_game(env: TextWorldEnv) -> None:
    first = play_expert(env)
    env.reset(seed=8)
    play_expert(env)
    env.reset(seed=7)
    assert play_expert(env) == first


def test_the_tasks_of_a_suite_are_named_after_preset_and_seed() -> None:
    tasks = TextWorldEnv.generate(2, 1000, {"preset": "w2-o3-q4"})
    assert [(t.id, t.group, t.seed) for t in tasks] == [
        ("w2-o3-q4-1000", "w2-o3-q4", 1000),
        ("w2-o3-q4-1001", "w2-o3-q4", 1001),
    ]
    assert TextWorldEnv.generate(1, 5, {"game": "cooking"})[0].id == "cooking-5"


def test_the_seed_of_the_task_decides_and_else_that_of_the_episode(env: TextWorldEnv) -> None:
    shown = env.render()
    assert env.reset(seed=8)[0] != shown
    assert env.reset(seed=8, options={"task": Task("t", seed=7)})[0] == shown
    assert env.reset(seed=7, options={"task": Task("t")})[0] == shown


def test_the_games_are_those_that_tw_make_makes(tmp_path: Path) -> None:
    tw_make = Path(sys.executable).with_name("tw-make")
    if not tw_make.is_file():
        pytest.skip("tw-make is not beside this Python")
    given = "custom --world-size 2 --nb-objects 3 --quest-length 4 --seed 7 --silent --output"
    command = [sys.executable, str(tw_make), *given.split(), str(tmp_path / "game.z8")]
    subprocess.run(command, check=True, cwd=tmp_path)
    game = make_game(checked_options({"preset": "w2-o3-q4"}).settings, 7)
    assert game.read_bytes() == (tmp_path / "game.z8").read_bytes()


def test_a_task_may_bring_its_own_options(env: TextWorldEnv) -> None:
    task = Task("t", seed=1, data={"game": "coin_collector", "level": 3, "admissible": True})
    assert "You can:" in env.reset(seed=0, options={"task": task})[0]
    assert env.max_turns == 15
    with pytest.raises(TaskError, match="'lvl' is unknown"):
        env.reset(seed=0, options={"task": Task("t", data={"lvl": 3})})


def test_a_game_file_is_played_as_it_is() -> None:
    game = make_game(checked_options({"preset": "w2-o3-q4"}).settings, 7)
    env = TextWorldEnv(file=str(game))
    assert "Lounge" in env.reset(seed=123)[0]
    assert len(play_expert(env)) == 4
    env.close()


@pytest.mark.parametrize("name", ["missing.z8", "lonely.z8", "story.txt"])
def test_a_file_that_is_no_game_of_textworld_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "lonely.z8").write_bytes(b"")
    (tmp_path / "story.txt").write_text("")
    env = TextWorldEnv(file=str(tmp_path / name))
    with pytest.raises(TaskError, match=r"with its \.json beside it"):
        env.reset(seed=0)


def test_the_same_seed_shows_the_same_texts_in_another_process() -> None:
    script = (
        "from agentrl.envs.text.textworld import TextWorldEnv\n"
        "env = TextWorldEnv(preset='w2-o3-q4')\n"
        "print(env.reset(seed=7)[0])\n"
        "for action in ('go south', 'open fridge', 'save'):\n"
        "    print(env.step(action)[0])\n"
    )
    command = [sys.executable, "-c", script]
    env = TextWorldEnv(preset="w2-o3-q4")
    texts = [env.reset(seed=7)[0]]
    texts += [env.step(action)[0] for action in ("go south", "open fridge", "save")]
    env.close()
    for _ in range(2):
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        assert shown.stdout == "\n".join(texts) + "\n"
        assert shown.stderr == ""


def test_without_textworld_the_message_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['textworld'] = None\n"
        "from agentrl.envs.text.textworld import TextWorldEnv\n"
        "TextWorldEnv()\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "MissingDependencyError" in shown.stderr
    assert "pip install 'agentrl[text]'" in shown.stderr

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from agentrl.envs.text.gym import GymEnv
from agentrl.errors import TaskError, UsageError
from agentrl.task import Task


class Steps(gymnasium.Env[Any, Any]):
    """Walk three steps.

    The second paragraph is not shown.
    """

    action_space: Any = spaces.Discrete(2, start=5)
    observation_space: Any = spaces.Discrete(10)

    def __init__(self, success: bool | None = None) -> None:
        self._told = success

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.at = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.at += action - 5
        info = {} if self._told is None else {"success": self._told}
        return self.at, 0.5 * (action - 5), self.at == 3, False, info


class Told(Steps):
    action_names = ("stay", "go-on")
    instructions = "Go on three times."

    def describe(self, observation: int) -> str:
        return f"step {observation}"


class Pictured(Steps):
    metadata = {"render_modes": ["ansi"]}

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__()
        self.render_mode = render_mode

    def render(self) -> Any:
        return f"a\x1b[41m{self.at}\x1b[0mb\x1b[35mc\x1b[0m\n"


class Image(Steps):
    observation_space = spaces.Box(0, 255, (84, 84, 3), np.uint8)


WORLDS: list[Any] = [Steps, Told, Pictured, Image]
for _world in WORLDS:
    gymnasium.register(f"Test{_world.__name__}-v0", entry_point=_world, max_episode_steps=7)


def begun(env: str, seed: int = 0, **options: Any) -> GymEnv:
    world = GymEnv(env, **options)
    world.reset(seed=seed)
    return world


def finish(env: GymEnv, limit: int = 300) -> dict[str, float]:
    for _ in range(limit):
        _, _, terminated, truncated, info = env.step(str(env.expert_action()))
        if terminated or truncated:
            outcome: dict[str, float] = info["outcome"]
            return outcome
    raise AssertionError("the episode did not end")


def test_an_unknown_environment_is_played_by_number_and_values() -> None:
    env = begun("TestSteps-v0")

    assert env.instructions == "Walk three steps.\nAnswer with one action. Actions: 0, 1."
    assert env.render() == "0"
    assert env.step("1")[0] == "1"
    assert env.max_turns == 7
    assert env.expert_action() is None


def test_an_environment_may_say_how_it_is_played() -> None:
    env = begun("TestTold-v0")

    assert env.instructions.startswith("Go on three times.\n")
    assert env.legal_actions() == ("stay", "go-on")
    assert env.step("Go on.")[0] == "step 1"


@pytest.mark.parametrize("action", ["go-on", "GO ON", " go_on ", "'Go-On'.", "1"])
def test_case_spaces_hyphens_and_numbers_do_not_matter(action: str) -> None:
    env = begun("TestTold-v0")

    _, reward, _, _, info = env.step(action)

    assert (reward, info["signals"]["format_ok"]) == (0.5, 1.0)


@pytest.mark.parametrize("action", ["", "jump", "2", "-1", "0 1", "stay go-on", "\x00", "go\x00on"])
def test_an_unknown_action_is_refused_with_the_names(action: str) -> None:
    observation, _, _, _, info = begun("TestTold-v0").step(action)

    assert observation == f"There is no action {action!r}. Actions: stay, go-on."
    assert info["signals"] == {"format_ok": 0.0, "grounded": 0.0}


def test_names_from_the_suite_come_first() -> None:
    env = begun("TestTold-v0", actions=["wait", "walk"])

    assert env.step("walk")[1] == 0.5


@pytest.mark.parametrize(
    ("options", "success"),
    [
        ({}, 1.0),
        ({"kwargs": {"success": False}}, 0.0),
        ({"success_reward": 1.5}, 1.0),
        ({"success_reward": 1.6}, 0.0),
        ({"kwargs": {"success": False}, "success_reward": 1.5}, 1.0),
    ],
)
def test_success_is_told_by_option_then_info_then_return(
    options: dict[str, Any], success: float
) -> None:
    env = begun("TestSteps-v0", **options)

    for _ in range(3):
        env.step("1")

    assert env.outcome() == {"success": success, "score": 1.5}


def test_a_limit_of_the_wrapped_environment_truncates_without_success() -> None:
    env = begun("TestSteps-v0")
    env.step("1")

    steps = [env.step("0") for _ in range(6)]

    assert [step[2:4] for step in steps] == [(False, False)] * 5 + [(False, True)]
    assert steps[-1][4]["outcome"] == {"success": 0.0, "score": 0.5}


def test_a_picture_is_shown_with_brackets_for_what_was_highlighted() -> None:
    assert begun("TestPictured-v0").render() == "a[0]bc"
    assert begun("TestPictured-v0", describe="values").render() == "0"
    assert begun("TestPictured-v0", kwargs={"render_mode": "ansi"}).render() == "a[0]bc"


@pytest.mark.parametrize(
    ("env", "options", "message"),
    [
        ("FrozenLke-v1", {}, "cannot make .* 'FrozenLke-v1'"),
        ("no_such_module:X-v0", {}, "cannot make .* 'no_such_module:X-v0'"),
        ("FrozenLake-v1", {"kwargs": {"slippery": 1}}, "cannot make .* kwargs .*'slippery'"),
        ("FrozenLake-v1", {"kwargs": {"map_name": "random-x"}}, "something like random-4x4"),
        ("Pendulum-v1", {}, "expected a Discrete one"),
        ("TestSteps-v0", {"actions": ["a"]}, "has 2 actions, but 1 names"),
        ("TestSteps-v0", {"actions": ["go on", "Go_On"]}, "two actions have the same name"),
        ("TestImage-v0", {}, r"\(84, 84, 3\), too many numbers"),
        ("TestSteps-v0", {"describe": "render"}, "draws no 'ansi' picture"),
    ],
)
def test_what_cannot_be_wrapped_is_refused(env: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        GymEnv(env, **options)


def test_a_task_may_change_how_the_environment_is_made() -> None:
    env = GymEnv("FrozenLake-v1", kwargs={"is_slippery": False})
    task = Task("a", data={"kwargs": {"desc": ["SF", "HG"]}})

    env.reset(seed=0, options={"task": task})

    assert str(env.render()).startswith("PF\nHG\n")
    assert finish(env) == {"success": 1.0, "score": 1.0}
    env.reset(seed=0)
    assert str(env.render()).startswith("PFFF\n")
    with pytest.raises(TaskError, match="'kwargs' is 3, expected a mapping"):
        env.reset(seed=0, options={"task": Task("a", data={"kwargs": 3})})


@pytest.mark.parametrize("name", ["random-5x5", None])
def test_random_frozen_lakes_follow_from_the_seed_and_can_be_crossed(name: str | None) -> None:
    env = GymEnv("FrozenLake-v1", kwargs={"map_name": name, "is_slippery": False})

    maps = [env.reset(seed=seed)[0] for seed in (*range(20), *range(20))]

    assert maps[:20] == maps[20:]
    assert len(set(maps)) == 20
    for seed in range(20):
        env.reset(seed=seed)
        assert finish(env)["success"] == 1.0


def test_falling_into_a_hole_is_no_success() -> None:
    env = begun("FrozenLake-v1", kwargs={"is_slippery": False})
    env.step("down")

    observation, _, terminated, _, info = env.step("right")

    assert "You (P) are on a hole, row 1, column 1." in observation
    assert observation.endswith("The episode is over: no success.")
    assert (terminated, info["outcome"]["success"]) == (True, 0.0)


def test_taxi_lists_only_actions_that_change_something() -> None:
    env = begun("Taxi-v4", seed=1)
    legal = env.legal_actions() or ()

    idle = next(name for name in ("pickup", "dropoff", "north", "south") if name not in legal)
    before = env.render()

    assert env.step(idle)[4]["signals"]["grounded"] == 0.0
    assert env.render() == before
    assert env.step(legal[0])[4]["signals"]["grounded"] == 1.0


@pytest.mark.parametrize("env", ["Taxi-v4", "CliffWalking-v1"])
def test_the_expert_of_a_sure_world_always_succeeds(env: str) -> None:
    world = GymEnv(env)
    for seed in range(30):
        world.reset(seed=seed)
        outcome = finish(world)
        assert outcome["success"] == 1.0
        assert outcome["score"] >= (-13 if env.startswith("Cliff") else 3)


def test_the_expert_of_a_slippery_lake_reaches_the_known_optimum() -> None:
    env = GymEnv("FrozenLake-v1", kwargs={"max_episode_steps": 1000})

    successes = []
    for seed in range(300):
        env.reset(seed=seed)
        successes.append(finish(env, limit=1000)["success"])

    # The optimal policy reaches the goal with probability 14/17 when there is no limit of time.
    assert np.mean(successes) == pytest.approx(14 / 17, abs=4 * np.sqrt(14 * 3 / 17**2 / 300))


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        ((12, 4, 0), "stick"),
        ((12, 2, 0), "hit"),
        ((16, 10, 0), "hit"),
        ((16, 6, 0), "stick"),
        ((17, 1, 0), "stick"),
        ((11, 6, 0), "hit"),
        ((18, 9, 1), "hit"),
        ((18, 8, 1), "stick"),
        ((19, 10, 1), "stick"),
        ((17, 3, 1), "hit"),
    ],
)
def test_blackjack_is_played_by_the_basic_strategy(seen: tuple[int, int, int], action: str) -> None:
    env = begun("Blackjack-v1")
    env._seen = seen

    assert env.expert_action() == action


def test_closing_twice_is_harmless_and_a_reset_opens_again() -> None:
    env = begun("FrozenLake-v1")
    env.close()
    env.close()

    assert env.reset(seed=0)[0].startswith("PFFF")

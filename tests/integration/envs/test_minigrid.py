"""MiniGrid in words, against what MiniGrid itself knows about the world."""

from typing import Any

import pytest

from agentrl.envs.text.gym import GymEnv

pytest.importorskip("minigrid")


def begun(name: str, seed: int) -> tuple[GymEnv, Any]:
    env = GymEnv(f"MiniGrid-{name}-v0")
    env.reset(seed=seed)
    return env, env._world


def test_the_key_can_be_fetched_by_the_description_alone() -> None:
    env, world = begun("DoorKey-5x5", seed=3)

    assert "Mission: use the key to open the door" in str(env.render())
    assert "- a yellow key, 1 to the right" in str(env.render())
    env.step("turn right")
    assert "- a yellow key, 1 ahead" in str(env.render())
    observation = env.step("Pick-up")[0]

    assert "carry a yellow key." in observation
    assert world.carrying.type == "key"


@pytest.mark.parametrize("seed", range(5))
def test_the_free_squares_ahead_are_those_that_one_can_walk(seed: int) -> None:
    env, world = begun("FourRooms", seed)
    ahead = int(str(env.render()).split("Free squares: ")[1].split(" ahead")[0])

    start = tuple(world.agent_pos)
    for _ in range(ahead):
        _, _, terminated, _, _ = env.step("forward")
        if terminated:
            return

    walked = sum(abs(int(a) - int(b)) for a, b in zip(start, world.agent_pos, strict=True))
    assert walked == ahead


def test_reaching_the_goal_is_success_and_the_limit_of_steps_is_not() -> None:
    env, _ = begun("Empty-5x5", seed=0)
    way = ("forward", "forward", "turn right", "forward", "forward")
    last = [env.step(action) for action in way][-1]
    assert (last[2], last[4]["outcome"]["success"]) == (True, 1.0)

    env.reset(seed=0)
    ends = [env.step("turn left")[2:4] for _ in range(env.max_turns)]
    assert ends == [(False, False)] * 99 + [(False, True)]
    assert env.outcome()["success"] == 0.0

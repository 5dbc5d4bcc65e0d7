from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.text.maze import MazeEnv
from agentrl.envs.text.maze_plan import Maze, make_maze
from agentrl.errors import UsageError

SIZES = st.integers(2, 10).map(lambda n: 2 * n + 1)


def graph(maze: Maze) -> Any:
    """Return the maze as a graph of squares: another way to find ways than the environment's."""
    board = nx.grid_2d_graph(maze.size, maze.size)
    return board.subgraph(maze.floor)


@given(SIZES, st.integers(0, 2**31))
def test_without_loops_exactly_one_way_joins_any_two_squares(size: int, seed: int) -> None:
    maze = make_maze(size, 0.0, seed)

    assert nx.is_tree(graph(maze))
    assert len(maze.floor) == 2 * (size // 2) ** 2 - 1
    assert maze.start != maze.goal


@given(SIZES, st.floats(0, 1), st.integers(0, 2**31))
def test_the_expert_walks_a_shortest_way(size: int, loops: float, seed: int) -> None:
    env = MazeEnv(size=size, loops=loops)
    env.reset(seed=seed)
    maze = make_maze(size, loops, seed)

    progress, ended = 0.0, False
    while not ended:
        _, _, ended, _, info = env.step(str(env.expert_action()))
        progress += info["signals"]["progress"]

    shortest = nx.shortest_path_length(graph(maze), maze.start, maze.goal)
    assert env.outcome() == {
        "success": 1.0,
        "score": 1.0,
        "steps": shortest,
        "shortest": shortest,
    }
    assert progress == pytest.approx(1.0)
    assert shortest <= env.max_turns


def test_more_loops_open_more_walls() -> None:
    floors = [len(make_maze(11, loops, 3).floor) for loops in (0.0, 0.5, 1.0)]

    assert floors == [49, 57, 65]


def test_a_maze_is_the_same_for_a_seed() -> None:
    first = make_maze(11, 0.2, 8)
    make_maze.cache_clear()

    assert make_maze(11, 0.2, 8) == first
    assert make_maze(11, 0.2, 9) != first


def test_walking_away_is_negative_progress_and_a_wall_costs_a_turn() -> None:
    env = MazeEnv()
    env.reset(seed=1)
    way = str(env.expert_action())
    back = {"up": "down", "down": "up", "left": "right", "right": "left"}[way]
    env.step(way)

    step = env.step(back)[4]["signals"]
    wall = next(d for d in ("up", "down", "left", "right") if d not in env.legal_actions())
    observation, _, _, _, info = env.step(wall)

    assert step["progress"] < 0
    assert observation.endswith("There is a wall.")
    assert info["signals"] == {"format_ok": 1.0, "grounded": 0.0, "progress": 0.0}
    assert env.outcome()["steps"] == 3


def test_a_local_view_shows_the_neighbourhood_and_where_the_goal_lies() -> None:
    full, local = MazeEnv("medium"), MazeEnv("medium", view="local", radius=1)
    map_lines = full.reset(seed=2)[0].splitlines()
    row = next(r for r, line in enumerate(map_lines) if "@" in line)
    column = map_lines[row].index("@")

    seen = local.reset(seed=2)[0].splitlines()

    assert seen[:3] == [line[column - 1 : column + 2] for line in map_lines[row - 1 : row + 2]]
    maze = make_maze(11, 0.0, 2)
    down, right = maze.goal[0] - row, maze.goal[1] - column
    assert (f"{abs(down)} {'down' if down > 0 else 'up'}" in seen[3]) == (down != 0)
    assert (f"{abs(right)} {'right' if right > 0 else 'left'}" in seen[3]) == (right != 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 8}, "size is 8, expected an odd number from 5 to 61"),
        ({"size": 3}, "size is 3"),
        ({"loops": 1.5}, "loops is 1.5"),
        ({"view": "half"}, "view is 'half'"),
        ({"radius": 0}, "radius is 0"),
        ({"difficulty": "x"}, "difficulty is 'x'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MazeEnv(**options)

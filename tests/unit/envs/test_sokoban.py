from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.envs.text.sokoban import SokobanEnv
from agentrl.envs.text.sokoban_level import DIRECTIONS, Level, Position, read_level
from agentrl.envs.text.sokoban_maker import Demands, make_level
from agentrl.envs.text.sokoban_solver import solve, stuck
from agentrl.errors import TaskError, UsageError
from agentrl.task import Task

CORRIDOR = "#######\n#@_$_.#\n#######"


def begun(level: str) -> SokobanEnv:
    env = SokobanEnv()
    env.reset(seed=0, options={"task": Task("t", data={"level": level})})
    return env


def fewest_pushes(drawn: str) -> int | None:
    """Solve a drawn level by plain search over cells: another way than the solver's."""
    cells = {
        (r, c): letter
        for r, line in enumerate(drawn.splitlines())
        for c, letter in enumerate(line)
        if letter != "#"
    }
    targets = frozenset(at for at, letter in cells.items() if letter in ".*+")
    boxes = frozenset(at for at, letter in cells.items() if letter in "$*")
    player = next(at for at, letter in cells.items() if letter in "@+")
    queue = deque([(0, player, boxes)])
    seen: set[tuple[Any, Any]] = set()
    while queue:
        pushes, player, boxes = queue.popleft()
        if boxes == targets:
            return pushes
        if (player, boxes) in seen:
            continue
        seen.add((player, boxes))
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            ahead = player[0] + down, player[1] + right
            beyond = ahead[0] + down, ahead[1] + right
            if ahead in boxes and beyond in cells and beyond not in boxes:
                queue.append((pushes + 1, ahead, boxes - {ahead} | {beyond}))
            elif ahead in cells and ahead not in boxes:
                queue.appendleft((pushes, ahead, boxes))
    return None


def position_after(level: Level, moves: tuple[str, ...]) -> Position:
    position = level.start
    for move in moves:
        following = level.board.move(position, move)
        assert following is not None, f"{move} is blocked"
        position = following
    return position


@given(st.integers(0, 2**31), st.sampled_from(["easy", "medium"]))
@settings(max_examples=60, deadline=None)
def test_every_level_is_solved_by_the_expert_with_the_fewest_pushes(
    seed: int, difficulty: Any
) -> None:
    env = SokobanEnv(difficulty)
    start = env.reset(seed=seed)[0]

    turns = 0
    while not env.outcome()["success"]:
        env.step(str(env.expert_action()))
        turns += 1

    assert env.outcome()["pushes"] == fewest_pushes(start)
    assert env.outcome()["pushes"] >= {"easy": 3, "medium": 6}[difficulty]
    assert turns <= env.max_turns


@pytest.mark.parametrize("seed", range(8))
def test_hard_levels_are_solved_too(seed: int) -> None:
    level = make_level(Demands(8, 8, 3, 12), seed)

    solution = solve(level.board, level.start)

    assert solution is not None
    assert solution.pushes == fewest_pushes(level.board.draw(level.start))
    assert solution.pushes >= 12
    assert level.board.solved(position_after(level, solution.moves))


@given(st.integers(0, 2**31), st.lists(st.sampled_from(DIRECTIONS), max_size=25))
@settings(max_examples=60, deadline=None)
def test_the_solver_and_the_stuck_signal_are_right_wherever_the_player_goes(
    seed: int, moves: list[str]
) -> None:
    level = make_level(Demands(6, 6, 2, 3), seed)
    position = level.start
    for move in moves:
        position = level.board.move(position, move) or position

    solution = solve(level.board, position)
    pushes = fewest_pushes(level.board.draw(position))

    assert (solution.pushes if solution else None) == pushes
    assert not (stuck(level.board, position.boxes) and pushes is not None)


def test_a_level_is_the_same_for_a_seed_and_keeps_its_size() -> None:
    demands = Demands(rows=7, cols=9, boxes=2, min_pushes=5)

    level = make_level(demands, 4)
    make_level.cache_clear()

    assert make_level(demands, 4) == level
    assert make_level(demands, 5) != level
    drawn = level.board.draw(level.start).splitlines()
    assert (len(drawn), {len(line) for line in drawn}) == (7, {9})
    assert "".join(drawn).count("$") + "".join(drawn).count("*") == 2


def test_demands_that_no_room_meets_are_refused() -> None:
    env = SokobanEnv(rows=5, cols=5, boxes=1, min_pushes=40)

    with pytest.raises(TaskError, match="5 x 5 squares with 1 boxes and at least 40 pushes"):
        env.reset(seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 4}, "rows is 4, expected 5 to 20"),
        ({"cols": 21}, "cols is 21, expected 5 to 20"),
        ({"boxes": 0}, "boxes is 0, expected 1 to 4 in a level of 6 x 6"),
        ({"min_pushes": 0}, "min_pushes is 0"),
        ({"difficulty": "harder"}, "difficulty is 'harder'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SokobanEnv(**options)


def test_pushing_the_last_box_onto_its_target_ends_the_episode() -> None:
    env = begun(CORRIDOR)
    env.step("right")
    env.step("right")

    observation, reward, terminated, _, info = env.step("right")

    assert observation.splitlines()[2] == "##___@*##"
    assert (reward, terminated) == (1.0, True)
    assert info["signals"] == {
        "format_ok": 1.0,
        "grounded": 1.0,
        "pushed": 1.0,
        "boxes_on_target": 1.0,
        "progress": 1.0,
        "stuck": 0.0,
    }
    assert info["outcome"] == {"success": 1.0, "score": 1.0, "pushes": 2.0, "moves": 3.0}


def test_a_wall_and_a_second_box_stop_the_player() -> None:
    env = begun("########\n#@$$_..#\n########")

    assert env.legal_actions() == ()
    for move in DIRECTIONS:
        observation, _, _, _, info = env.step(move)
        assert observation.endswith("Something is in the way.")
        assert info["signals"]["grounded"] == 0.0


def test_a_box_that_cannot_come_back_is_stuck_and_leaves_no_expert() -> None:
    env = begun("######\n#__._#\n#_@__#\n#_$__#\n#____#\n######")
    assert env.expert_action() is not None

    _, _, terminated, _, info = env.step("down")

    assert (info["signals"]["stuck"], terminated) == (1.0, False)
    assert env.expert_action() is None


def test_boxes_that_hold_each_other_fast_are_stuck() -> None:
    free = read_level("######\n#____#\n#_$$_#\n#__@_#\n#_.._#\n######")
    fast = read_level("######\n#_$$_#\n#__@_#\n#_.._#\n######")
    square = read_level("#######\n#_____#\n#_$$__#\n#_$$__#\n#_____#\n#@....#\n#######")

    assert not stuck(free.board, free.start.boxes)
    assert stuck(fast.board, fast.start.boxes)
    assert stuck(square.board, square.start.boxes)


def test_the_expert_plans_anew_when_somebody_leaves_its_path() -> None:
    env = begun("#######\n#_____#\n#@_$_.#\n#_____#\n#######")

    env.step("up")
    env.step("right")
    env.step("right")
    moves = []
    while not env.outcome()["success"]:
        moves.append(str(env.expert_action()))
        env.step(moves[-1])

    assert env.outcome()["pushes"] == 2
    assert moves == ["left", "down", "right", "right"]


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ("#####\n#_$.#\n#####", "exactly one player .* has 0"),
        ("#####\n@@$.#\n#####", "exactly one player .* has 2"),
        ("#####\n#@__#\n#####", "as many boxes as targets, .* 0 boxes and 0 targets"),
        ("#####\n#@$_#\n#####", "1 boxes and 0 targets"),
        ("#####\n#@*_#\n#####", "on a target already"),
        ("#####\n#@$x#\n#####", r"cannot hold \['x'\]"),
        ("", "exactly one player"),
    ],
)
def test_a_drawing_that_is_no_level_is_refused(level: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        SokobanEnv.task({"id": "a", "level": level}, 1)


def test_a_level_without_a_frame_gets_one() -> None:
    assert begun("@$.").render() == "#####\n#@$.#\n#####"


@pytest.mark.parametrize("action", ["up", " UP ", "u", "North", "move up.", "push north"])
def test_directions_have_many_names(action: str) -> None:
    env = begun("#####\n#_.$#\n#@__#\n#####")

    assert env.step(action)[4]["signals"]["grounded"] == 1.0

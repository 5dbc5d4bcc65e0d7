import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.text.textworld.standing import part_of_points, standing
from agentrl.envs.text.textworld.turn import Opening, Turn


def turn(plan: int | None, score: int = 0, won: bool = False, lost: bool = False) -> Turn:
    commands = None if plan is None else ("look",) * plan
    return Turn("", "A room.", "Nothing.", True, score, won, lost, commands)


def opening(plan: int | None, max_score: float = 1) -> Opening:
    return Opening(turn(plan), "", max_score, ())


def test_standing_is_the_part_of_the_plan_that_is_done() -> None:
    assert standing(opening(4), turn(4)) == 0
    assert standing(opening(4), turn(1)) == 0.75
    assert standing(opening(4), turn(6)) == -0.5
    assert standing(opening(4), turn(None, won=True)) == 1


def test_what_is_lost_or_impossible_stands_where_it_began() -> None:
    assert standing(opening(4), turn(None, lost=True)) == 0
    assert standing(opening(4), turn(None)) == 0


def test_a_game_without_plans_is_judged_by_its_points() -> None:
    assert standing(opening(None, max_score=4), turn(None, score=3)) == 0.75
    assert standing(opening(None, max_score=math.inf), turn(None, score=3)) == 0


def test_points_without_an_end_are_no_part_of_anything() -> None:
    assert part_of_points(opening(4, max_score=0), 3) == 0


@given(st.integers(1, 20), st.lists(st.integers(1, 40), max_size=30), st.booleans())
def test_progress_sums_to_at_most_one_however_one_walks(
    first: int, lengths: list[int], won: bool
) -> None:
    begun = opening(first)
    turns = [begun.turn, *map(turn, lengths), *([turn(None, won=True)] if won else [])]
    standings = [standing(begun, each) for each in turns]
    progress = [after - before for before, after in pairwise(standings)]
    assert math.fsum(progress) <= 1 + 1e-9
    assert not won or math.isclose(math.fsum(progress), 1)

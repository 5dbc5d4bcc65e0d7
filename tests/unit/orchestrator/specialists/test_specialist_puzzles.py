"""Puzzles for specialists: asked, solved and planned as by hand, and none of it by luck."""

import pytest

from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.specialists.puzzle import SHAPES, Puzzle, make_puzzle
from agentrl.orchestrator.specialists.skills import REGISTER, SKILLS, SORT, done

PUZZLES = [make_puzzle(str(seed)) for seed in range(200)]


def test_four_parts_are_asked_for_and_solved_as_by_hand() -> None:
    puzzle = Puzzle(SHAPES[4][0], (9, 4, 7))

    assert puzzle.question == "cy, dot, ann. Look up. Sort and add. In words."
    assert puzzle.answers == ("9 4 7", "4 7 9", "20", "four, seven, nine, twenty")
    assert puzzle.workflow == (
        'model_id = [0, 1, 2, 3]\nsubtasks = ["look up", "sort", "add", "write"]\n'
        "access_list = [[], [0], [0], [1, 2]]"
    )


def test_every_number_of_the_register_has_one_name_and_every_sum_a_word() -> None:
    assert sorted(REGISTER.values()) == list(range(1, 10))
    assert done("write", (0, 13, 21, 24)) == "zero, thirteen, twenty-one, twenty-four"


def test_the_same_seed_makes_the_same_puzzle_and_every_shape_is_made() -> None:
    assert [make_puzzle(str(seed)) for seed in range(200)] == PUZZLES
    assert {p.shape for p in PUZZLES} == {shape for some in SHAPES.values() for shape in some}


def test_sorting_always_changes_something() -> None:
    sorting = [puzzle for puzzle in PUZZLES if SORT in dict(puzzle.shape)]

    assert sorting
    assert all(done(SORT, puzzle.numbers) != done("look up", puzzle.numbers) for puzzle in sorting)


@pytest.mark.parametrize("puzzle", PUZZLES[:40], ids=lambda puzzle: puzzle.question)
def test_the_workflow_gives_each_part_to_its_specialist(puzzle: Puzzle) -> None:
    workflow = parse_workflow(puzzle.workflow, SKILLS)

    assert workflow is not None
    assert [node.worker for node in workflow.nodes] == [skill for skill, _ in puzzle.shape]
    assert [node.instruction for node in workflow.nodes] == [skill for skill, _ in puzzle.shape]


@pytest.mark.parametrize("skill", SKILLS)
def test_a_puzzle_that_must_need_a_skill_needs_it(skill: str) -> None:
    shapes = [make_puzzle(f"t:{seed}", skill).shape for seed in range(30)]

    assert all(skill in dict(shape) for shape in shapes)
    assert len(set(shapes)) > 3


def test_side_by_side_parts_are_written_one_after_the_other() -> None:
    both = Puzzle(SHAPES[3][2], (9, 4, 7))

    assert both.question == "9 4 7. Sort and add. In words."
    assert both.answers == ("4 7 9", "20", "four, seven, nine, twenty")

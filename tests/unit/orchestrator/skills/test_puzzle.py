"""Puzzles: solved by their workflow, and by nothing less."""

from itertools import permutations

import pytest

from agentrl.orchestrator.parse import parse_workflow
from agentrl.orchestrator.skills.puzzle import EXPERTS, FORK, Puzzle, done, make_puzzle

PUZZLES = [make_puzzle(seed) for seed in range(300)]


def test_a_chain_is_asked_for_and_solved_as_by_hand() -> None:
    puzzle = Puzzle("chain3", (7, 3, 8, 1), ("odd", "double", "sum"))

    assert puzzle.question == "Numbers: 7 3 8 1. Do odd, then double, then sum."
    assert puzzle.answer == (22,)
    assert puzzle.workflow == (
        'model_id = [2, 3, 4]\nsubtasks = ["odd", "double", "sum"]\naccess_list = [[], [0], [1]]'
    )


def test_a_fork_is_asked_for_and_solved_as_by_hand() -> None:
    puzzle = Puzzle(FORK, (7, 3, 8, 1), ("sum", "largest", "subtract"))

    assert puzzle.question == "Numbers: 7 3 8 1. Do sum, subtract largest."
    assert puzzle.answer == (11,)
    assert puzzle.sees == ((), (), (0, 1))


def test_the_same_seed_makes_the_same_puzzle() -> None:
    assert [make_puzzle(seed) for seed in range(300)] == PUZZLES


def test_every_shape_is_made() -> None:
    assert {puzzle.shape for puzzle in PUZZLES} == {"one", "chain2", "chain3", FORK}


@pytest.mark.parametrize("puzzle", PUZZLES[:100], ids=lambda puzzle: puzzle.question)
def test_the_workflow_gives_each_part_to_somebody_who_can_do_it(puzzle: Puzzle) -> None:
    workflow = parse_workflow(puzzle.workflow, tuple(EXPERTS))

    assert workflow is not None
    for node in workflow.nodes:
        assert node.instruction in EXPERTS[node.worker]


@pytest.mark.parametrize("puzzle", PUZZLES, ids=lambda puzzle: puzzle.question)
def test_no_part_can_be_left_out_and_no_chain_be_cut(puzzle: Puzzle) -> None:
    count = len(puzzle.parts)
    blind: list[tuple[int, ...]] = [()] * count
    for length in range(1, count):
        for parts in permutations(puzzle.parts, length):
            chain = [(index - 1,) if index else () for index in range(length)]
            if puzzle.shape == FORK or length == count - 1:
                ordered = [part for part in puzzle.parts if part in parts]
                assert done(ordered, chain, puzzle.numbers) != puzzle.answer
    if count > 1:
        assert done(puzzle.parts, blind, puzzle.numbers) != puzzle.answer

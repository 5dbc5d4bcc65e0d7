"""Puzzles: solved by their parts in their order, and by nothing less."""

from itertools import permutations

import pytest

from agentrl.errors import UsageError
from agentrl.orchestrator.skills.env import SkillsEnv
from agentrl.orchestrator.skills.puzzle import FORK, Puzzle, done, make_puzzle, sequence_kind

PUZZLES = [make_puzzle(seed) for seed in range(300)]


def test_a_chain_is_asked_for_and_solved_as_by_hand() -> None:
    puzzle = Puzzle("chain3", (7, 3, 8, 1), ("odd", "double", "sum"))

    assert puzzle.question == "Numbers: 7 3 8 1. Do odd, then double, then sum."
    assert puzzle.answer == (22,)
    assert puzzle.sees == ((), (0,), (1,))


def test_a_fork_is_asked_for_and_solved_as_by_hand() -> None:
    puzzle = Puzzle(FORK, (7, 3, 8, 1), ("sum", "largest", "subtract"))

    assert puzzle.question == "Numbers: 7 3 8 1. Do sum, subtract largest."
    assert puzzle.answer == (11,)
    assert puzzle.sees == ((), (), (0, 1))


def test_the_same_seed_makes_the_same_puzzle() -> None:
    assert [make_puzzle(seed) for seed in range(300)] == PUZZLES


def test_every_shape_is_made() -> None:
    assert {puzzle.shape for puzzle in PUZZLES} == {"one", "chain2", "chain3", FORK}


def test_common_and_rare_puzzles_share_no_sequence_of_parts() -> None:
    common, rare = (
        {tuple(task.data["parts"]) for task in SkillsEnv.generate(100, 0, {"sequences": kind})}
        for kind in ("common", "rare")
    )

    assert not common & rare
    assert {sequence_kind(parts) for parts in rare} == {"rare"}


def test_words_that_stand_alone_are_never_held_out() -> None:
    with pytest.raises(UsageError, match="no puzzle of the shapes one has rare sequences"):
        make_puzzle(0, ["one"], "rare")


def test_puzzles_may_be_of_some_words_alone() -> None:
    words = ["odd", "large", "double", "sum", "count", "subtract"]
    tasks = SkillsEnv.generate(100, 0, {"words": words})

    assert {part for task in tasks for part in task.data["parts"]} == set(words)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["sort", "reverse", "sum"], "expected two figures and two lists"),
        (["srot"], "no operation 'srot' .did you mean sort"),
    ],
)
def test_words_that_make_no_puzzle_are_refused(words: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        SkillsEnv(words=words)


def test_sequences_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(UsageError, match="sequences is 'odd', expected one of all, common, rare"):
        SkillsEnv.generate(1, 0, {"sequences": "odd"})


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

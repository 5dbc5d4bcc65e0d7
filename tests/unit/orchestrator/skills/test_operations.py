"""What is done to lists of numbers, against computations by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.orchestrator.skills.operations import apply, named, read_list, write_list


@pytest.mark.parametrize(
    ("operation", "inputs", "result"),
    [
        ("sort", [(3, 1, 2)], (1, 2, 3)),
        ("reverse", [(3, 1, 2)], (2, 1, 3)),
        ("odd", [(3, 1, 2)], (3, 1)),
        ("large", [(5, 6, 9)], (6, 9)),
        ("double", [(3, 1)], (6, 2)),
        ("increase", [(3, 1)], (4, 2)),
        ("sum", [(3, 1, 2)], (6,)),
        ("largest", [(3, 1, 2)], (3,)),
        ("smallest", [(3, 1, 2)], (1,)),
        ("count", [(3, 1, 2)], (3,)),
        ("subtract", [(3,), (5,)], (-2,)),
        ("sum", [(3, 1), (2,)], (6,)),
        ("subtract", [(3, 1), (2,)], None),
        ("subtract", [(3,)], None),
        ("largest", [()], None),
        ("sum", [], None),
        ("fly", [(1,)], None),
    ],
)
def test_an_operation_does_what_its_word_says(
    operation: str, inputs: list[tuple[int, ...]], result: tuple[int, ...] | None
) -> None:
    assert apply(operation, inputs) == result


@given(st.lists(st.integers(-99, 99), min_size=1))
def test_a_written_list_is_read_as_it_was(numbers: list[int]) -> None:
    assert read_list(write_list(numbers)) == tuple(numbers)


def test_an_empty_list_is_written_as_none_and_is_no_list() -> None:
    assert write_list(()) == "none"
    assert read_list("none") is None


def test_operations_are_found_as_whole_words_in_their_order() -> None:
    assert named("Sum, then SORT the sorted summary.") == ["sum", "sort"]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.qa.choice import LETTERS, read_choice

PETS = ["a dog", "the cat", "a hat", "an Iguana"]


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("B", 1),
        ("b", 1),
        (" (c). ", 2),
        ("B. The cat", 1),
        ("C) because it is worn", 2),
        ("(D) it is", 3),
        ("The answer is (B).", 1),
        ("The answer is B because cats purr, not dogs", 1),
        ("The answer is A", 0),
        ("the answer is a dog", 0),
        ("\\boxed{C}", 2),
        ("#### D", 3),
        ("It is not (A), so it must be (B)", 1),
        ("cat", 1),
        ("It must be the cat!", 1),
        ("I choose the IGUANA.", 3),
        ("Some dog (Z) barks", 0),
    ],
)
def test_the_choice_of_an_answer_is_found(text: str, index: int) -> None:
    assert read_choice(text, PETS) == index


@pytest.mark.parametrize("text", ["", "E", "(Z)", "dog or cat", "A bird flew by", "none of them"])
def test_where_it_is_not_clear_there_is_no_choice(text: str) -> None:
    assert read_choice(text, PETS) is None


def test_a_text_that_is_another_choices_letter_is_taken_as_text() -> None:
    assert read_choice("B", ["B", "A"]) == 0


@given(st.text(), st.lists(st.text(min_size=1), min_size=2, max_size=26))
def test_no_text_breaks_the_reader(text: str, choices: list[str]) -> None:
    found = read_choice(text, choices)

    assert found is None or 0 <= found < len(choices)


@given(st.integers(0, 25))
def test_every_letter_names_its_choice(index: int) -> None:
    choices = [f"number {n}" for n in range(26)]

    assert read_choice(f"The answer is ({LETTERS[index]}).", choices) == index

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.qa.numeric import is_number, numbers, read_number, same_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", 18),
        ("She makes 9 * 2 = 18 dollars.", 18),
        ("It is $1,234.50.", Fraction(2469, 2)),
        ("-$5", -5),
        ("$-5", -5),
        ("\N{MINUS SIGN}4 degrees", -4),
        ("about 50%", 50),
        ("50\\% of it", 50),
        (".5", Fraction(1, 2)),
        ("3/4 of a cup", Fraction(3, 4)),
        ("-3/4", Fraction(-3, 4)),
        ("1.5e3", 1500),
        ("2E-2", Fraction(1, 50)),
        ("1.5 \\times 10^{-3}", Fraction(3, 2000)),
        ("6 \N{MULTIPLICATION SIGN} 10^4", 60000),
        ("12{,}345", 12345),
        ("pages 3-4", 4),
        ("1,2,3", 3),
        ("so \\boxed{42} of the 50", 42),
        ("\\boxed{\\frac{1}{2}}", Fraction(1, 2)),
        ("\\boxed{-\\dfrac{3}{4}}", Fraction(-3, 4)),
        ("\\boxed{1} and \\boxed{2}", 2),
        ("#### 18\nI had 20 before.", 18),
        ("#### -1,000", -1000),
        ("#### none\n7", 7),
        ("The answer is 18. She sold 9 eggs.", 18),
        ("The answer is 18 dollars for 9 eggs", 18),
        ("The answer is 3 * 4 = 12.", 12),
        ("Answer: 7\n3 were left", 7),
        ("the answer is 3, no, the answer is 4", 4),
        ("The answer is below: 5", 5),
    ],
)
def test_the_number_of_an_answer_is_found(text: str, number: int | Fraction) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "none", "5/0", "1e99999999", "v2.5", "9" * 2000, "1e" + "9" * 5000]
)
def test_where_no_number_can_be_read_there_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18", True),
        ("$18.", True),
        ("3/4", True),
        ("1,234", True),
        ("50%", True),
        ("a1", False),
        ("1 2", False),
        ("", False),
        ("12 apples", False),
    ],
)
def test_a_number_alone_is_told_from_a_text_with_one(text: str, expected: bool) -> None:
    assert is_number(text) is expected


def test_numbers_agree_within_a_millionth() -> None:
    third = Fraction(1, 3)

    assert same_number(Fraction("0.33333333"), third)
    assert not same_number(Fraction("0.333"), third)
    assert not same_number(Fraction(1, 10**9), Fraction(0))


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{}", "{:,}", "It is {:,}.", "#### {}"]))
def test_whole_numbers_survive_being_written(number: int, form: str) -> None:
    assert read_number(form.format(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_survive_being_written(number: float) -> None:
    assert read_number(repr(number)) == Fraction(repr(number))


@given(st.text() | st.text(alphabet="0123456789.,/-+$%eE\\frac{}#= x^answer is:"))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = numbers(text)

    assert read_number(text) is None or found

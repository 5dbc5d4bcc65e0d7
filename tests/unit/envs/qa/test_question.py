from typing import Any

import pytest

from agentrl.envs.qa.grade import Grade
from agentrl.envs.qa.question import Kind, read_question, sum_question
from agentrl.errors import TaskError

RIGHT, WRONG = Grade(True, 1.0), Grade(False, 0.0)
GSM8K = "He runs 3*3=<<3*3=9>>9 times.\nSo 9*60=<<9*60=540>>540 meters\n#### 540"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"answer": GSM8K}, Kind.NUMERIC),
        ({"answer": 3}, Kind.NUMERIC),
        ({"answer": "$1,200"}, Kind.NUMERIC),
        ({"answer": "Paris"}, Kind.EXACT),
        ({"answer": "12 apples"}, Kind.EXACT),
        ({"answer": "B", "choices": ["x", "y"]}, Kind.CHOICE),
        ({"answer": "12 apples", "kind": "numeric"}, Kind.NUMERIC),
        ({"answer": "12 apples", "kind": "f1"}, Kind.F1),
    ],
)
def test_the_kind_follows_from_the_row(row: dict[str, Any], kind: Kind) -> None:
    assert read_question({"question": "?"} | row).kind is kind


def test_gsm8k_rows_lose_their_calculator_notes() -> None:
    question = read_question({"question": "How far?", "answer": GSM8K})

    assert question.reference == "He runs 3*3=9 times.\nSo 9*60=540 meters\n#### 540"
    assert question.grade("540.0 m") == RIGHT
    assert question.grade("9") == WRONG
    assert question.grade("no idea") is None


@pytest.mark.parametrize("answer", ["y", "B", "b", 1])
def test_a_choice_is_given_by_text_letter_or_index(answer: str | int) -> None:
    question = read_question({"question": "?", "answer": answer, "choices": ["x", "y", "z"]})

    assert question.accepted == ("B",)
    assert question.grade("The answer is (B).") == RIGHT
    assert question.grade("z") == WRONG


def test_exact_answers_count_fully_or_not_and_f1_counts_words() -> None:
    row = {"question": "?", "answer": "blue whale", "aliases": ["Balaenoptera musculus"]}

    exact, f1 = read_question(row), read_question(row | {"kind": "f1"})

    assert exact.grade("The answer is the blue whale.") == RIGHT
    assert exact.grade("balaenoptera musculus") == RIGHT
    assert exact.grade("whale") == WRONG
    assert f1.grade("whale") == Grade(False, 2 / 3)
    assert f1.grade("A Blue Whale!") == RIGHT
    assert exact.grade("  ") is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"answer": 1}, "'question' is None, expected a text"),
        ({"question": " ", "answer": 1}, "'question' is ' '"),
        ({"question": "?"}, "'answer' is None"),
        ({"question": "?", "answer": True}, "'answer' is True"),
        ({"question": "?", "answer": ""}, "'answer' is ''"),
        ({"question": "?", "answer": "!?"}, "nothing of the answer '!\\?' is left"),
        ({"question": "?", "answer": "x", "kind": "numeric"}, "'x' of a numeric question"),
        ({"question": "?", "answer": "#### x"}, "holds no number"),
        ({"question": "?", "answer": "x", "kind": "exakt"}, r"did you mean exact\?"),
        ({"question": "?", "answer": "x", "kind": "qq"}, "known: numeric, choice, exact, f1"),
        ({"question": "?", "answer": "D", "choices": ["x", "y"]}, "'answer' is 'D'.*A to B"),
        ({"question": "?", "answer": 2, "choices": ["x", "y"]}, "'answer' is 2"),
        ({"question": "?", "answer": "x", "choices": ["x"]}, "'choices' has 1 entries"),
        ({"question": "?", "answer": "x", "kind": "choice"}, "'choices' has 0 entries"),
        ({"question": "?", "answer": "x", "choices": "xy"}, "'choices' is 'xy', expected a list"),
    ],
)
def test_a_row_that_cannot_be_checked_is_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        read_question(row)


def test_sums_are_right() -> None:
    for seed in range(50):
        row = sum_question(seed)
        sum_text = row["question"].removeprefix("What is ").removesuffix("?")
        left, sign, right = sum_text.split()
        result = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}[sign](int(left), int(right))
        assert row["answer"] == str(result)

"""Tests of votes: which answers are the same, and which of them wins."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.orchestrator.vote import VoteKind, ballot, vote


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("auto", ["7", "7.0", "$7", "The answer is 7.", "so \\boxed{7}", "14/2", "#### 7"]),
        ("auto", ["1,000", "1000.", "<think>999?</think> 1000"]),
        ("auto", ["Paris", "paris.", "The answer is Paris", "the  Paris!"]),
        ("number", ["7", "I get 3 and 4, so 7", "7 dollars", "x = 7"]),
        ("text", ["The Eiffel Tower", "eiffel tower"]),
        ("exact", ["f(x)", " f(x)\n"]),
    ],
)
def test_answers_that_say_the_same_are_one_party(kind: VoteKind, answers: list[str]) -> None:
    assert len({ballot(answer, kind) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("auto", "7", "8"),
        ("auto", "2 apples", "2 pears"),
        ("text", "7", "7.5"),
        ("exact", "Paris", "paris"),
    ],
)
def test_answers_that_say_something_else_are_not(kind: VoteKind, one: str, other: str) -> None:
    assert ballot(one, kind) != ballot(other, kind)


def test_numbers_are_compared_exactly() -> None:
    assert ballot("0.3") == ballot("3/10") == Fraction(3, 10)


@pytest.mark.parametrize("answer", ["", "  \n", "<think>hm</think>", "<think>hm</think>\n"])
def test_an_answer_that_says_nothing_does_not_vote(answer: str) -> None:
    assert ballot(answer) is None
    assert vote([answer, "Paris"]).cast == 1


def test_an_answer_without_a_number_does_not_vote_among_numbers() -> None:
    result = vote(["many", "3", "I give up"], "number")

    assert (result.answer, result.votes, result.cast, result.share) == ("3", 1, 1, 1.0)


def test_the_largest_party_wins_with_its_first_answer_as_it_was_given() -> None:
    result = vote(["5", "It is 4; the answer is 4", "4.0"])

    assert result.answer == "It is 4; the answer is 4"
    assert result.share == pytest.approx(2 / 3)


def test_of_parties_of_one_size_the_first_wins() -> None:
    assert vote(["b", "a", "a", "b"]).answer == "b"


def test_a_vote_of_nobody_has_no_answer() -> None:
    assert (vote([]).answer, vote([""]).share) == ("", 0.0)


@given(st.lists(st.sampled_from(["1", "1.0", "2", "two", "TWO!", ""])))
def test_nobody_has_more_votes_than_the_winner(answers: list[str]) -> None:
    result = vote(answers)
    ballots = [said for said in map(ballot, answers) if said is not None]

    assert result.cast == len(ballots)
    assert result.votes == max((ballots.count(said) for said in ballots), default=0)


def test_punctuation_alone_is_still_a_vote() -> None:
    assert vote(["?!", "?!", "x"]).answer == "?!"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.envs.qa.squad import exact_match, f1, normalise


def test_case_articles_punctuation_and_spaces_do_not_matter() -> None:
    assert normalise(" The U.S.  Army,\tan army! ") == "us army army"
    assert exact_match("The Eiffel Tower", "eiffel tower.")
    assert not exact_match("Eiffel", "Eiffel Tower")
    assert normalise("theatre another") == "theatre another"


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("in Paris, France", "Paris", 2 * (1 / 3) * 1 / (1 / 3 + 1)),  # precision 1/3, recall 1
        ("blue whale", "the big blue whale", 2 * 1 * (2 / 3) / (1 + 2 / 3)),
        ("to be or not", "to be to be", 2 * (2 / 4) * (2 / 4) / (2 / 4 + 2 / 4)),
        ("red", "green", 0.0),
        ("the", "a", 1.0),
        ("", "green", 0.0),
    ],
)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(
    answer: str, reference: str, score: float
) -> None:
    assert f1(answer, reference) == pytest.approx(score)


@given(st.text(), st.text())
def test_f1_is_symmetric_a_share_and_1_for_equal_answers(left: str, right: str) -> None:
    assert f1(left, right) == f1(right, left)
    assert 0 <= f1(left, right) <= 1
    assert f1(left, left) == 1
    assert not exact_match(left, right) or f1(left, right) == 1

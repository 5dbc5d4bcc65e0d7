"""Reading a judge's answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.rewards.judge.reading import UnreadableError, read_scores
from agentrl.rewards.judge.rubric import Criterion

TONE = Criterion("tone", "Is it polite?", 1, 0.5)
DEPTH = Criterion("depth", "How deep is it?", 10, 0.5)
BOTH = (TONE, DEPTH)
GOOD = '{"reason": "fine", "scores": {"tone": 1, "depth": 7}}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Let me think. {{this is no JSON}} So:\n{GOOD}\nThat is all.",
        '{"scores": {"tone": true, "depth": 7.0}}',
        '{"scores": {"Tone": "yes", "DEPTH": "7"}}',
        '{"scores": {"tone": "1", "depth": "7/10",},}',
        '<think>{"scores": {"tone": 0, "depth": 0}}</think>' + GOOD,
        '{"scores": {"tone": 1, "depth": 7, "more": 3}}',
    ],
)
def test_points_are_found_whatever_stands_around_them(text: str) -> None:
    assert read_scores(text, BOTH) == {"": {"tone": 1.0, "depth": 0.7}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'no JSON object with "scores"'),
        ("10/10, would read again", 'no JSON object with "scores"'),
        ("[1, 2]", 'no JSON object with "scores"'),
        ('{"scores": 7}', 'no JSON object with "scores"'),
        ('{"scores": {"tone": 1}}', "scores lacks 'depth'"),
        ('{"scores": {"tone": 1, "depth": 11}}', "scores.depth is '11', expected a number from 0"),
        ('{"scores": {"tone": 1, "depth": -1}}', "scores.depth is '-1'"),
        ('{"scores": {"tone": 1, "depth": NaN}}', "scores.depth is 'nan'"),
        ('{"scores": {"tone": 1, "depth": Infinity}}', "scores.depth is 'inf'"),
        ('{"scores": {"tone": 1, "depth": true}}', "scores.depth is 'True'"),
        ('{"scores": {"tone": 1, "depth": null}}', "scores.depth is 'None'"),
        ('{"scores": {"tone": 1, "depth": "7/5"}}', "scores.depth is '7/5'"),
        ('{"scores": {"tone": 1, "depth": "high"}}', "scores.depth is 'high'"),
        (
            '{"scores": {"tone": 2, "depth": 7}}',
            "scores.tone is '2', expected .* 0 to 1",
        ),
        ('{"scores": {"tone": [1], "depth": 7}}', "scores.tone is"),
        ('{"scores": {"tone": 1, "depth": 1' + "0" * 5000 + "}}", "no JSON object"),
        ('{"a":' * 3000, "no JSON object"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, problem: str) -> None:
    with pytest.raises(UnreadableError, match=problem):
        read_scores(text, BOTH)


def test_two_subjects_have_points_of_their_own() -> None:
    text = '{"scores": {"A": {"tone": 1, "depth": 2}, "b": {"tone": 0, "depth": 10}}}'

    assert read_scores(text, BOTH, ("A", "B")) == {
        "A": {"tone": 1.0, "depth": 0.2},
        "B": {"tone": 0.0, "depth": 1.0},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"scores": {"A": {"tone": 1, "depth": 2}}}', "scores lacks 'B'"),
        ('{"scores": {"A": 3, "B": 4}}', "scores.A is no JSON object"),
        ('{"scores": {"A": {"tone": 1, "depth": 2}, "B": {}}}', "scores.B lacks 'tone'"),
    ],
)
def test_a_subject_without_points_is_told(text: str, problem: str) -> None:
    with pytest.raises(UnreadableError, match=problem):
        read_scores(text, BOTH, ("A", "B"))


@given(st.text())
def test_no_text_does_more_than_be_unreadable(text: str) -> None:
    try:
        scores = read_scores(text, BOTH)
    except UnreadableError:
        return
    assert all(0 <= share <= 1 for share in scores[""].values())


@given(st.text(), st.text(), st.integers(0, 10))
def test_an_answer_is_read_between_any_texts(before: str, after: str, depth: int) -> None:
    answer = json.dumps({"scores": {"tone": 0, "depth": depth}})
    before, after = before.replace("{", ""), after.replace("{", "").replace("}", "")

    assert read_scores(before + answer + after, BOTH)[""]["depth"] == depth / 10

"""What is judged, and how points become one number."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agentrl.errors import TaskError, UsageError
from agentrl.rewards.judge.rubric import Rubric, Rubrics
from agentrl.suite.reward.judge import RubricSpec
from agentrl.task import Task


def rubrics(tasks: dict[str, Task] | None = None, **spec: Any) -> Rubrics:
    return Rubrics(RubricSpec.model_validate(spec), tasks or {})


def item(name: str, weight: float = 1.0, points: int = 1) -> dict[str, Any]:
    return {"name": name, "text": name, "weight": weight, "points": points}


def test_items_count_by_their_weights() -> None:
    rubric = rubrics(items=[item("a", 3), item("b", 1, 10)]).of("any")

    # (3 * 1 + 1 * 0.5) / 4
    assert rubric.score({"a": 1.0, "b": 0.5}) == pytest.approx(0.875)


def test_levels_weigh_as_arenarl_weighs_a_path_and_an_answer() -> None:
    rubric = rubrics(
        levels=[
            {"name": "path", "weight": 0.6, "items": [item(n, points=10) for n in "abc"]},
            {"name": "answer", "weight": 0.4, "items": [item(n, points=10) for n in "defg"]},
        ]
    ).of("any")

    path = {"a": 0.9, "b": 0.6, "c": 0.3}  # 6 of 10 points
    answer = {"d": 1.0, "e": 0.8, "f": 0.6, "g": 0.8}  # 8 of 10 points
    assert rubric.score(path | answer) == pytest.approx(0.6 * 0.6 + 0.4 * 0.8)


def test_principles_give_one_score() -> None:
    rubric = rubrics(principles="Be brief.\n", points=5).of("any")

    assert [(c.name, c.points, c.weight) for c in rubric.criteria] == [("score", 5, 1.0)]
    assert rubric.principles == "Be brief."


def test_nuggets_of_a_tasks_data_give_the_share_that_is_covered() -> None:
    data = {"nuggets": ["Paris", {"text": "1889", "weight": 2}, "iron"]}
    rubric = rubrics({"q": Task("q", data=data)}, nuggets={}).of("q")

    assert [c.text for c in rubric.criteria] == ["Paris", "1889", "iron"]
    assert rubric.score({"n1": 1, "n2": 1, "n3": 0}) == pytest.approx(3 / 4)


def test_nuggets_of_a_file_belong_to_the_task_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "nuggets.jsonl"
    rows = [{"task": "q", "facts": ["one", "two"]}, {"task": "r", "facts": ["three"]}]
    file.write_text("\n".join(map(json.dumps, rows)) + "\n\n")

    made = rubrics(nuggets={"file": str(file), "key": "facts"})

    assert [c.text for c in made.of("q").criteria] == ["one", "two"]
    assert [c.text for c in made.of("r").criteria] == ["three"]


@pytest.mark.parametrize("given", [None, [], "Paris", [3], [{"txt": "x"}], [{"text": ""}]])
def test_a_task_without_nuggets_is_refused_by_name(given: Any) -> None:
    with pytest.raises(TaskError, match="task 'q': no nuggets under 'nuggets' in the task's data"):
        rubrics({"q": Task("q", data={"nuggets": given})}, nuggets={})


def test_a_task_that_nobody_told_of_has_no_nuggets() -> None:
    with pytest.raises(TaskError, match="task 'other': no nuggets"):
        rubrics({"q": Task("q", data={"nuggets": ["a"]})}, nuggets={}).of("other")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("nonsense", ":1: no JSON"), ('{"task": "q"}', ":1: expected a mapping with 'task'")],
)
def test_a_file_of_nuggets_that_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "nuggets.jsonl"
    file.write_text(text)

    with pytest.raises(UsageError, match=problem):
        rubrics(nuggets={"file": str(file)})


def test_a_file_of_nuggets_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        rubrics(nuggets={"file": str(tmp_path / "none.jsonl")})


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, "exactly one of 'principles'"),
        ({"principles": "x", "items": [item("a")]}, "exactly one of 'principles'"),
        ({"items": []}, "at least 1"),
        ({"items": [item("a"), item("a")]}, "two items are called 'a'"),
        ({"items": [item("a b")]}, "pattern"),
        ({"items": [item("a", -1)]}, "greater than 0"),
        ({"items": [item("a")], "own_principles": True}, "goes with 'principles'"),
    ],
)
def test_a_rubric_that_cannot_be_used_is_refused(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        RubricSpec.model_validate(spec)


@given(st.lists(st.tuples(st.floats(0.001, 1000), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_score_lies_between_the_lowest_and_the_highest_share(
    items: list[tuple[float, float]],
) -> None:
    spec = [item(f"i{n}", weight) for n, (weight, _) in enumerate(items)]
    shares = {f"i{n}": share for n, (_, share) in enumerate(items)}

    rubric: Rubric = rubrics(items=spec).of("any")

    assert min(shares.values()) - 1e-9 <= rubric.score(shares) <= max(shares.values()) + 1e-9

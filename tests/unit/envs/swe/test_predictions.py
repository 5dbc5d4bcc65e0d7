import json
import re
from pathlib import Path

import pytest

from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.predictions import Prediction, read_predictions
from agentrl.errors import TaskError, UsageError

TASKS = tuple(
    Instance(f"demo-{number}", "", TestPlan("pytest"), patch=f"gold {number}")
    for number in (1, 2, 3)
)


def row(number: int, patch: str | None = "diff", model: str = "m") -> dict[str, object]:
    return {
        "instance_id": f"demo-{number}",
        "model_name_or_path": model,
        "model_patch": patch,
    }


def written(folder: Path, name: str, value: object) -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


WANTED = (Prediction("demo-1", "m", "diff"), Prediction("demo-3", "m", ""))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.json", [row(3, None), row(1)]),
        ("a.json", {"demo-1": row(1), "demo-3": row(3, "")}),
        ("a.jsonl", f"\ufeff{json.dumps(row(3, ''))}\n\n{json.dumps(row(1))}"),
    ],
)
def test_predictions_come_in_the_order_of_the_instances(
    tmp_path: Path, name: str, value: object
) -> None:
    assert read_predictions(written(tmp_path, name, value), TASKS) == WANTED


def test_a_mapping_may_hold_the_patches_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", {"demo-1": "diff", "demo-3": None})

    assert read_predictions(path, TASKS) == (
        Prediction("demo-1", "unknown", "diff"),
        Prediction("demo-3", "unknown", ""),
    )


def test_a_single_prediction_may_stand_alone(tmp_path: Path) -> None:
    assert read_predictions(written(tmp_path, "a.json", row(1)), TASKS) == WANTED[:1]


def test_only_what_is_wanted_is_returned_but_all_is_checked(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", [row(1), row(3, "")])

    assert read_predictions(path, TASKS, only=["demo-3"]) == WANTED[1:]
    with pytest.raises(UsageError, match="demo-1"):
        read_predictions(path, TASKS[1:], only=["demo-3"])


def test_words_stand_for_the_solutions_and_for_nothing() -> None:
    assert read_predictions("gold", TASKS, only=["demo-2"]) == (
        Prediction("demo-2", "gold", "gold 2"),
    )
    assert read_predictions("empty", TASKS[:1]) == (Prediction("demo-1", "empty", ""),)


def test_an_instance_without_gold_patch_is_told() -> None:
    scripted = Instance("demo-9", "", TestPlan("script", script="x"), solution="echo")

    with pytest.raises(TaskError, match=r"demo-9: has no gold patch.*solved by a script"):
        read_predictions("gold", [scripted])


def test_several_models_may_answer_to_the_same_instance(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", [row(1), row(1, "other", "n")])

    assert [each.model for each in read_predictions(path, TASKS)] == ["m", "n"]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("a.json", [row(1), row(1)], "a.json[1]: a second prediction of m for demo-1, which has"),
        ("a.jsonl", f"{json.dumps(row(1))}\n" * 2, "a.jsonl:2: a second prediction"),
        ("a.jsonl", f"{json.dumps(row(1))}\n{{", "a.jsonl:2: no JSON"),
        ("a.json", "{\n'a'", "a.json:2: no JSON"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.json", [3], "a.json[0]: expected an object with instance_id and model_patch, got 3"),
        ("a.json", [{"instance_id": "demo-1"}], "a.json[0]: model_patch is missing"),
        ("a.json", [{"instance": "demo-1"}], "instance_id is missing (did you mean instance?)"),
        ("a.json", [row(1) | {"model_patch": 3}], "model_patch: expected text, got 3"),
        ("a.json", {"demo-2": row(1)}, "instance_id is 'demo-1', but its key is 'demo-2'"),
        ("a.json", [row(7)], "predictions for 1 instances that are not among the 3"),
        ("a.json", [row(n) for n in range(11, 20)], "demo-11 (did you mean demo-1?), demo-12"),
        ("a.json", [row(n) for n in range(11, 20)], "and 4 more; check that the tasks"),
        ("a.txt", "", "expected predictions in a .json or .jsonl file, or the word gold or empty"),
    ],
)
def test_what_is_wrong_with_predictions_is_told_with_its_place(
    tmp_path: Path, name: str, value: object, complaint: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(complaint)):
        read_predictions(written(tmp_path, name, value), TASKS)


def test_a_missing_file_and_wrong_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read it: No such file.*the word gold or empty"):
        read_predictions(tmp_path / "a.json", TASKS)
    (tmp_path / "a.json").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="predictions are UTF-8 text"):
        read_predictions(tmp_path / "a.json", TASKS)

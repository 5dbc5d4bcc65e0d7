import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from agentrl.envs.swe.dataset import read_instances, write_instances
from agentrl.envs.swe.formats import swebench5
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.errors import StorageError, TaskError

PATCH = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"


def instance(name: str) -> Instance:
    plan = TestPlan("pytest", fail_to_pass=("tests/test_x.py::test",), files={"tests/d": b"\xff"})
    return Instance(name, "It breaks.", plan, patch=PATCH, image="my/image", extra={"n": [1]})


TWO = (instance("demo-1"), instance("demo-2"))


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.json", "a.yaml", "a.yml", "a.jsonl.gz", "deep/a.parquet", "folder"]
)
def test_instances_come_back_from_every_kind_of_file(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")

    write_instances(TWO, tmp_path / name)

    assert read_instances(tmp_path / name) == TWO


def test_one_task_folder_is_a_data_set_of_one(tmp_path: Path) -> None:
    write_instances(TWO, tmp_path / "tasks")

    assert read_instances(tmp_path / "tasks" / "demo-2") == TWO[1:]


def test_a_task_repository_is_read_from_its_root(tmp_path: Path) -> None:
    theirs = replace(
        TWO[0],
        family="swebench-5",
        python="/opt/miniconda3/envs/testbed/bin/python",
        tests=TestPlan("script", script="true\n", log_parser="parse_log_pytest"),
        extra={"split": "test"},
    )
    swebench5.write_folder(theirs, tmp_path / "tasks" / "demo-1")
    (tmp_path / "sweb.yaml").write_text("datasets: [a/b]\n")
    (tmp_path / "tasks" / "notes").mkdir()

    assert read_instances(tmp_path) == (theirs,)


def test_a_mapping_from_id_to_row_and_a_single_row_are_read(tmp_path: Path) -> None:
    row = {"id": "demo-1", "problem": "x", "tests": {}}
    (tmp_path / "many.json").write_text(json.dumps({"demo-1": row}))
    (tmp_path / "one.json").write_text(json.dumps(row))

    assert read_instances(tmp_path / "many.json") == read_instances(tmp_path / "one.json")


def test_a_folder_of_parquet_files_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for index, each in enumerate(TWO):
        write_instances([each], tmp_path / "data" / f"test-{index}.parquet")

    assert read_instances(tmp_path) == TWO


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.jsonl", '{"id": "x"}\n\nnope\n', "a.jsonl:1: x: a row of no known family"),
        ("a.jsonl", "\n{\n", "a.jsonl:2: no JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl:1: expected one instance, got [1]"),
        ("a.jsonl", "", "a.jsonl: holds no instance"),
        ("a.json", "[\n1\n,]", "a.json:3: no JSON"),
        ("a.json", "3", "a.json: expected a list of instances"),
        ("a.json", "[3]", "a.json[0]: expected one instance, got 3"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.yaml", "a: [", "a.yaml:1: no YAML"),
        ("a.yaml", "[" * 100_000, "a.yaml: no YAML: nested too deeply"),
        ("a.yaml", "a: \x07", "a.yaml: no YAML"),
        ("a.txt", "", "expected a file that ends in .jsonl, .json, .parquet, .yaml, .yml"),
        ("a.parquet", "not one", "a.parquet: no Parquet file"),
        ("a.jsonl.gz", "not packed", "cannot unpack it"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(TaskError, match=re.escape(complaint)):
        read_instances(tmp_path / name)


def test_text_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "\xff"}')

    with pytest.raises(TaskError, match=r"a\.jsonl: a file of instances is UTF-8 text"):
        read_instances(tmp_path / "a.jsonl")


def test_an_id_that_is_given_twice_is_told_with_both_places(tmp_path: Path) -> None:
    write_instances([TWO[0], TWO[1], TWO[0]], tmp_path / "a.jsonl")

    with pytest.raises(TaskError, match=r"a\.jsonl:3: the id 'demo-1' was given before, at .*:1;"):
        read_instances(tmp_path / "a.jsonl")


def test_a_folder_without_tasks_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"no task folder and no folder of them.*task\.yaml"):
        read_instances(tmp_path)
    with pytest.raises(TaskError, match="no such file or folder"):
        read_instances(tmp_path / "missing")


def test_a_mistake_in_one_of_many_folders_names_it(tmp_path: Path) -> None:
    write_instances(TWO, tmp_path)
    (tmp_path / "demo-2" / "task.yaml").write_text("tests: {fail_to_pas: []}\n")

    with pytest.raises(TaskError, match=r"demo-2: .*did you mean fail_to_pass"):
        read_instances(tmp_path)


def test_values_that_no_file_can_hold_are_refused(tmp_path: Path) -> None:
    odd = replace(TWO[0], extra={"x": object()})

    with pytest.raises(TaskError, match="cannot be written as JSON"):
        write_instances([odd], tmp_path / "a.jsonl")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="cannot be written"):
        write_instances(TWO, tmp_path / "file" / "a.jsonl")

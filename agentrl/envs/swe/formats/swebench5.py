"""The row of swebench 5, which says itself how its tests run, and the task repository."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentrl.envs.swe.formats.columns import Row, inner_path, names, others, require, text
from agentrl.envs.swe.formats.commands import TESTBED_PYTHON
from agentrl.envs.swe.formats.files import (
    as_yaml,
    read_bytes,
    read_mapping,
    read_text,
    read_tree,
    write_files,
)
from agentrl.envs.swe.formats.swebench import USED, read_shared, write_shared
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.errors import TaskError, nearest

COLUMNS = (
    *("instance_id", "image", "eval_script", "log_parser", "eval_type"),
    *("FAIL_TO_PASS", "PASS_TO_PASS"),
)
"""What such a row must have."""

TESTS = "tests.json"
"""The file that tells a task of a task repository from our own folder."""

_EVAL_TYPES = ("pass_and_fail", "fail_only")
_USED = (*USED, "image", "eval_script", "log_parser", "eval_type")
_TEXTS = {
    "problem_statement": "problem_statement.md",
    "hints_text": "hints.md",
    "patch": "gold.patch",
    "test_patch": "test.patch",
    "eval_script": "eval.sh",
}
_ASSETS = "test_assets"


def read(row: Row) -> Instance:
    """Read a row of swebench 5.

    Raises:
        TaskError: a column is missing or wrong.
    """
    require(row, *COLUMNS)
    kind = text(row, "eval_type")
    if kind not in _EVAL_TYPES:
        raise TaskError(
            f"eval_type: {kind!r} is none{nearest(kind, _EVAL_TYPES)}; known are "
            f"{' and '.join(_EVAL_TYPES)}"
        )
    script = text(row, "eval_script")
    plan = TestPlan(
        framework="script",
        fail_to_pass=names(row, "FAIL_TO_PASS"),
        pass_to_pass=names(row, "PASS_TO_PASS"),
        script=script,
        log_parser=text(row, "log_parser"),
        fail_only=kind == "fail_only",
        patches_itself="git apply" in script,
    )
    return replace(
        read_shared(row, plan),
        image=text(row, "image"),
        python=TESTBED_PYTHON,
        family="swebench-5",
        extra=others(row, _USED),
    )


def write(instance: Instance) -> dict[str, Any]:
    """Return the row of an instance.

    Raises:
        TaskError: it has no script that runs its tests, which such a row must have.
    """
    plan = instance.tests
    if not plan.script or plan.log_parser == "reward-file":
        raise TaskError(
            f"{instance.id}: a row of swebench 5 holds a script whose log is read, and the "
            f"instance has none; write it as a row of agentrl"
        )
    return write_shared(instance) | {
        "image": instance.image,
        "eval_script": plan.script,
        "log_parser": plan.log_parser,
        "eval_type": "fail_only" if plan.fail_only else "pass_and_fail",
    }


def read_folder(folder: Path) -> Instance:
    """Read a task of a swebench 5 task repository: ``tasks/<instance_id>/``.

    Raises:
        TaskError: a file cannot be read, or as for a row.
    """
    row = read_mapping(folder / "task.yaml")
    tests = json_mapping(folder / TESTS)
    texts = {column: read_text(folder / name) for column, name in _TEXTS.items()}
    instance = read({**row, **tests, **texts})
    if instance.id != folder.resolve().name:
        raise TaskError(f"instance_id: {instance.id!r}, but its folder is {folder.name!r}")
    plan = replace(instance.tests, files=read_tree(folder / _ASSETS))
    return replace(instance, dockerfile=read_text(folder / "Dockerfile"), tests=plan)


def write_folder(instance: Instance, folder: Path) -> None:
    """Write an instance as a task of a swebench 5 task repository.

    Raises:
        TaskError: it has no script that runs its tests.
        StorageError: the folder cannot be written.
    """
    row = write(instance)
    texts = {name: row.pop(column) for column, name in _TEXTS.items()}
    tests = {column: json.loads(row.pop(column)) for column in ("FAIL_TO_PASS", "PASS_TO_PASS")}
    texts |= {"Dockerfile": instance.dockerfile, "task.yaml": as_yaml(row)}
    texts[TESTS] = json.dumps(tests, indent=1)
    assets = {
        f"{_ASSETS}/{inner_path(path, 'tests.files')}": data
        for path, data in instance.tests.files.items()
    }
    write_files(folder, texts | assets)


def json_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a JSON file.

    Raises:
        TaskError: it holds something else.
    """
    try:
        value = json.loads(read_bytes(path))
    except ValueError as exc:
        raise TaskError(f"{path}: no JSON: {exc}") from None
    if not isinstance(value, dict):
        raise TaskError(f"{path}: expected a mapping")
    return value

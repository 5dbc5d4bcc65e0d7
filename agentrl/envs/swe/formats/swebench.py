"""The classic SWE-bench row, and SWE-Gym's, which has the same columns."""

import json
from dataclasses import replace
from typing import Any

from agentrl.envs.swe.formats.columns import Row, identifier, names, others, require, text
from agentrl.envs.swe.formats.commands import TESTBED_PYTHON, plan_tests
from agentrl.envs.swe.instance import Family, Instance, TestPlan

COLUMNS = (
    *("instance_id", "repo", "base_commit", "problem_statement", "test_patch"),
    *("FAIL_TO_PASS", "PASS_TO_PASS"),
)
"""What such a row must have."""

GYM_REPOS = frozenset(
    {
        *("getmoto/moto", "project-monai/monai", "pandas-dev/pandas", "python/mypy", "dask/dask"),
        *("iterative/dvc", "conan-io/conan", "pydantic/pydantic", "facebookresearch/hydra"),
        *("bokeh/bokeh", "modin-project/modin"),
    }
)
"""The repositories of SWE-Gym, none of which is in SWE-bench."""

_IMAGE = ("image_name", "docker_image")

_TEXTS = {
    "instance_id": "id",
    "problem_statement": "problem",
    "patch": "patch",
    "test_patch": "test_patch",
    "repo": "repo",
    "base_commit": "base_commit",
    "version": "version",
    "hints_text": "hints",
    "difficulty": "difficulty",
}
"""Columns of every row of SWE-bench's kind, and the fields that hold them."""

USED = (*_TEXTS, "FAIL_TO_PASS", "PASS_TO_PASS")


def read(row: Row) -> Instance:
    """Read a classic row.

    Raises:
        TaskError: a column is missing or wrong, or nothing is known about how its tests run.
    """
    require(row, *COLUMNS)
    plan = plan_tests(
        text(row, "repo"),
        text(row, "version"),
        text(row, "test_patch"),
        names(row, "FAIL_TO_PASS"),
        names(row, "PASS_TO_PASS"),
    )
    return replace(
        read_shared(row, plan),
        image=text(row, *_IMAGE),
        python=TESTBED_PYTHON,
        family=family_of(row),
        extra=others(row, (*USED, *_IMAGE)),
    )


def write(instance: Instance) -> dict[str, Any]:
    """Return the classic row of an instance; in SWE-Gym's, lists of tests are lists."""
    row = write_shared(instance)
    if instance.family == "swe-gym":
        row["FAIL_TO_PASS"] = list(instance.tests.fail_to_pass)
        row["PASS_TO_PASS"] = list(instance.tests.pass_to_pass)
    return row | ({"image_name": instance.image} if instance.image else {})


def family_of(row: Row) -> Family:
    """Return whether a row of these columns is SWE-bench's or SWE-Gym's."""
    gym = text(row, "repo").lower() in GYM_REPOS or "xingyaoww" in text(row, *_IMAGE)
    return "swe-gym" if gym else "swebench"


def read_shared(row: Row, plan: TestPlan) -> Instance:
    """Read the columns that every row of SWE-bench's kind has.

    Raises:
        TaskError: one of them is no text, or the id can be none.
    """
    return Instance(
        id=identifier(row, "instance_id"),
        problem=text(row, "problem_statement"),
        tests=plan,
        patch=text(row, "patch"),
        test_patch=text(row, "test_patch"),
        repo=text(row, "repo"),
        base_commit=text(row, "base_commit"),
        version=text(row, "version"),
        hints=text(row, "hints_text"),
        difficulty=text(row, "difficulty"),
    )


def write_shared(instance: Instance) -> dict[str, Any]:
    """Return the columns that every row of SWE-bench's kind has; test ids are JSON text."""
    row: dict[str, Any] = {column: getattr(instance, field) for column, field in _TEXTS.items()}
    if not instance.difficulty:
        del row["difficulty"]
    row["FAIL_TO_PASS"] = json.dumps(instance.tests.fail_to_pass)
    row["PASS_TO_PASS"] = json.dumps(instance.tests.pass_to_pass)
    return {**row, **instance.extra}

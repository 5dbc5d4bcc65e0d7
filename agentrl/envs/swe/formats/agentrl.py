"""Our own row, whose columns are the fields of ``Instance``, and our own folder.

A row can hold an instance of any family. What is empty or as by default is not written.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any, cast, get_args

from agentrl.envs.swe.formats.columns import (
    Row,
    identifier,
    inner_path,
    mapping,
    names,
    number,
    refuse_others,
    require,
    switch,
    text,
)
from agentrl.envs.swe.instance import Family, Framework, Instance, Source, TestPlan
from agentrl.errors import TaskError, nearest

COLUMNS = ("id", "problem", "tests")
"""What a row must have to be one of ours."""

_TEXTS = (
    *("patch", "test_patch", "bug_patch", "solution", "repo", "base_commit", "version", "hints"),
    *("image", "dockerfile", "context", "difficulty"),
)
_PLAN_NAMES = ("fail_to_pass", "pass_to_pass", "paths", "options", "hidden")


def read(row: Row) -> Instance:
    """Read one of our own rows.

    Raises:
        TaskError: it has a key that means nothing, lacks one, or has a value of a wrong kind.
    """
    require(row, *COLUMNS)
    refuse_others(row, [field.name for field in fields(Instance)])
    memory = number(row, "memory_mb")
    return Instance(
        id=identifier(row, "id"),
        problem=text(row, "problem"),
        tests=read_plan(mapping(row, "tests")),
        source=read_source(mapping(row, "source")) if row.get("source") else None,
        workdir=text(row, "workdir", default="/testbed"),
        python=text(row, "python", default="python3"),
        memory_mb=None if memory is None else int(memory),
        cpus=number(row, "cpus"),
        family=cast(Family, _one_of(row, "family", get_args(Family), "agentrl")),
        extra=mapping(row, "extra"),
        **{name: text(row, name) for name in _TEXTS},
    )


def write(instance: Instance) -> dict[str, Any]:
    """Return the row of an instance of any family."""
    row = {"id": instance.id, "problem": instance.problem} | _changed(instance)
    if instance.source is not None:
        row["source"] = _changed(instance.source)
    return row | {"tests": write_plan(instance.tests)}


def write_plan(plan: TestPlan) -> dict[str, Any]:
    """Return the ``tests`` of a row."""
    row = {"framework": plan.framework} | _changed(plan)
    if plan.files:
        row["files"] = {path: _coded(data) for path, data in plan.files.items()}
    return row


def read_plan(row: Row) -> TestPlan:
    """Read the ``tests`` of a row.

    Raises:
        TaskError: as for ``read``.
    """
    refuse_others(row, [field.name for field in fields(TestPlan)], "tests")
    chosen = {name: names(row, name) for name in _PLAN_NAMES}
    plan = TestPlan(
        framework=cast(Framework, _one_of(row, "framework", get_args(Framework), "pytest")),
        script=text(row, "script"),
        log_parser=text(row, "log_parser"),
        fail_only=switch(row, "fail_only"),
        as_swebench=switch(row, "as_swebench"),
        patches_itself=switch(row, "patches_itself"),
        expected={str(key): str(value) for key, value in mapping(row, "expected").items()},
        files=dict(_hidden(mapping(row, "files"))),
        timeout_s=float(number(row, "timeout_s", 1800.0) or 0),
        **chosen,
    )
    if plan.framework == "script" and not plan.script:
        raise TaskError("tests.script: is missing; with framework: script it runs the tests")
    return plan


def read_source(row: Row) -> Source:
    """Read the ``source`` of a row.

    Raises:
        TaskError: as for ``read``.
    """
    refuse_others(row, [field.name for field in fields(Source)], "source")
    source = Source(
        archive=text(row, "archive"),
        package=text(row, "package"),
        release=text(row, "release"),
        fixed=text(row, "fixed"),
        requires=names(row, "requires"),
        import_paths=names(row, "import_paths") if "import_paths" in row else (".",),
    )
    if bool(source.archive) == bool(source.package and source.release):
        raise TaskError("source: expected either archive, or package and release")
    return source


def _changed(value: Instance | TestPlan | Source) -> dict[str, Any]:
    """Return the fields that are not as by default, as JSON and YAML can hold them."""
    row = {}
    for field in fields(value):
        now = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if now != default and not isinstance(now, TestPlan | Source):
            row[field.name] = _plain(now)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _one_of(row: Row, column: str, known: tuple[str, ...], default: str) -> str:
    value = text(row, column, default=default)
    if value not in known:
        raise TaskError(
            f"{column}: {value!r} is none{nearest(value, known)}; known are {', '.join(known)}"
        )
    return value


def _hidden(files: Row) -> Iterator[tuple[str, bytes]]:
    for path, data in files.items():
        yield inner_path(path, "tests.files"), _decoded(path, data)


def _coded(data: bytes) -> str | dict[str, str]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _decoded(path: str, data: object) -> bytes:
    if isinstance(data, str):
        return data.encode("utf-8", "surrogateescape")
    if isinstance(data, bytes):
        return data
    try:
        return base64.b64decode(cast(Mapping[str, str], data)["base64"], validate=True)
    except (TypeError, KeyError, ValueError):
        raise TaskError(
            f"tests.files: {path}: expected its text, or base64: and its coded bytes"
        ) from None

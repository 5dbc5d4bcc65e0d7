"""R2E-Gym's row: a commit of a repository, and how every test comes out after it."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agentrl.envs.swe.formats.columns import Row, decoded, mapping, others, require, text
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.patch import PatchError, is_test_path, join, parse_patch
from agentrl.errors import TaskError

COLUMNS = ("docker_image", "repo_name", "commit_hash", "expected_output_json", "problem_statement")
"""What such a row must have."""

_USED = (*COLUMNS, "instance_id")
_ISSUE = "[ISSUE]"
_END = "[/ISSUE]"
_TESTS = ("run_tests.sh", "r2e_tests", "/r2e_tests")
_NO_NEWLINE = "\\ No newline at end of file\n"
_COLOUR = re.compile(r"\x1b\[\d+m")
_SCRIPT = """#!/bin/bash
cd /testbed || exit 1
export PATH="/testbed/.venv/bin:$PATH"
if [ -d /r2e_tests ] && [ ! -e r2e_tests ]; then ln -s /r2e_tests r2e_tests; fi
bash run_tests.sh
"""


def read(row: Row) -> Instance:
    """Read one of R2E-Gym's rows.

    Raises:
        TaskError: a column is missing or wrong.
    """
    require(row, *COLUMNS)
    repo, commit = text(row, "repo_name"), text(row, "commit_hash")
    statement = text(row, "problem_statement")
    problem = _issue(statement)
    extra = others(row, _USED)
    if _wrapped(problem) != statement:
        extra["problem_statement"] = statement
    given = mapping(row, "expected_output_json")
    expected = {_name(test): str(status) for test, status in given.items()}
    if not expected:
        raise TaskError("expected_output_json: names no test")
    if expected != given:
        extra["expected_output_json"] = row["expected_output_json"]
    return Instance(
        id=text(row, "instance_id") or _identifier(repo, commit),
        problem=problem,
        tests=TestPlan(
            framework="script",
            script=_SCRIPT,
            log_parser="parse_log_r2e",
            expected=expected,
            hidden=_TESTS,
        ),
        patch=_gold(row),
        repo=repo,
        base_commit=commit,
        image=text(row, "docker_image"),
        python="/testbed/.venv/bin/python",
        family="r2e-gym",
        extra=extra,
    )


def write(instance: Instance) -> dict[str, Any]:
    """Return the row of an instance.

    Raises:
        TaskError: it does not say how every test must come out.
    """
    if not instance.tests.expected:
        raise TaskError(f"{instance.id}: R2E-Gym's rows say how every test comes out; it does not")
    own = {} if instance.id == _identifier(instance.repo, instance.base_commit) else instance.id
    return {
        "docker_image": instance.image,
        "repo_name": instance.repo,
        "commit_hash": instance.base_commit,
        "expected_output_json": dict(instance.tests.expected),
        "problem_statement": _wrapped(instance.problem),
        **({"instance_id": own} if own else {}),
        **instance.extra,
    }


def _name(test: str) -> str:
    """Return a test's name without colours and reasons, which no comparison looks at."""
    return _COLOUR.sub("", test).split(" - ")[0]


def _identifier(repo: str, commit: str) -> str:
    return f"{repo}__{commit}".replace("/", "__")


def _issue(statement: str) -> str:
    _, found, rest = statement.partition(_ISSUE)
    inside, ended, _ = rest.partition(_END)
    return inside.strip() if found and ended else statement


def _wrapped(problem: str) -> str:
    return f"{_ISSUE}\n{problem}\n{_END}"


def _gold(row: Row) -> str:
    """Return the source part of the commit, which is the solution; empty where it is not given."""
    commit = decoded(row, "parsed_commit_content")
    if not isinstance(commit, Mapping):
        return ""
    diff = "".join(_diffs(commit.get("file_diffs") or []))
    try:
        return join(file for file in parse_patch(diff) if not is_test_path(file.path))
    except PatchError as exc:
        raise TaskError(f"parsed_commit_content: {exc}") from None


def _diffs(files: list[Any]) -> Iterator[str]:
    for file in files:
        path = file.get("header", {}).get("file", {}).get("path", "")
        old, new = file.get("old_file_content") or "", file.get("new_file_content") or ""
        if path and old != new:
            yield _diff(path, old, new)


def _diff(path: str, old: str, new: str) -> str:
    before = f"a/{path}" if old else "/dev/null"
    after = f"b/{path}" if new else "/dev/null"
    lines = difflib.unified_diff(_lines(old), _lines(new), before, after)
    return "".join(line if line[-1] == "\n" else f"{line}\n{_NO_NEWLINE}" for line in lines)


def _lines(content: str) -> list[str]:
    lines = content.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])

"""SWE-smith's row: its patch puts the bug in, and undoing it is the solution."""

from typing import Any

from agentrl.envs.swe.formats.columns import Row, identifier, names, others, require, text
from agentrl.envs.swe.formats.commands import TESTBED_PYTHON, script
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.patch import PatchError, reverse
from agentrl.errors import TaskError

COLUMNS = ("instance_id", "repo", "patch", "FAIL_TO_PASS", "PASS_TO_PASS")
"""What such a row must have; and it has no ``test_patch``."""

_USED = (*COLUMNS, "image_name", "problem_statement", "base_commit")
_COMMAND = "python -m pytest --disable-warnings --color=no --tb=no --verbose"


def read(row: Row) -> Instance:
    """Read one of SWE-smith's rows.

    Raises:
        TaskError: a column is missing or wrong, or its patch cannot be undone.
    """
    require(row, *COLUMNS)
    bug = text(row, "patch")
    try:
        gold = reverse(bug)
    except PatchError as exc:
        raise TaskError(f"patch: {exc}") from None
    return Instance(
        id=identifier(row, "instance_id"),
        problem=text(row, "problem_statement"),
        tests=_plan(names(row, "FAIL_TO_PASS"), names(row, "PASS_TO_PASS")),
        patch=gold,
        bug_patch=bug,
        repo=text(row, "repo"),
        base_commit=text(row, "base_commit"),
        image=text(row, "image_name"),
        python=TESTBED_PYTHON,
        family="swe-smith",
        extra=others(row, _USED),
    )


def write(instance: Instance) -> dict[str, Any]:
    """Return the row of an instance whose flaw a patch puts in.

    Raises:
        TaskError: it has no such patch.
    """
    if not instance.bug_patch:
        raise TaskError(f"{instance.id}: SWE-smith's rows hold the patch of the bug; it has none")
    optional = {"image_name": instance.image, "base_commit": instance.base_commit}
    return {
        "instance_id": instance.id,
        "repo": instance.repo,
        "patch": instance.bug_patch,
        "FAIL_TO_PASS": list(instance.tests.fail_to_pass),
        "PASS_TO_PASS": list(instance.tests.pass_to_pass),
        "problem_statement": instance.problem,
        **{column: value for column, value in optional.items() if value},
        **instance.extra,
    }


def _plan(fail_to_pass: tuple[str, ...], pass_to_pass: tuple[str, ...]) -> TestPlan:
    """Return how the tests run: those that show the bug are kept from the agent."""
    hidden = _files(fail_to_pass)
    paths = _files((*fail_to_pass, *pass_to_pass))
    return TestPlan(
        framework="pytest",
        fail_to_pass=fail_to_pass,
        pass_to_pass=pass_to_pass,
        paths=paths,
        script=script(" ".join((_COMMAND, *paths)), "/testbed"),
        as_swebench=True,
        log_parser="parse_log_pytest",
        hidden=hidden,
    )


def _files(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.partition("::")[0] for name in ids if "::" in name))

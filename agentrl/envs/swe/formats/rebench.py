"""SWE-rebench's row, of both versions: SWE-bench's columns, and how its tests run."""

import shlex
from dataclasses import replace
from typing import Any

from agentrl.envs.swe.formats.columns import Row, mapping, names, others, require, text
from agentrl.envs.swe.formats.commands import TESTBED_PYTHON, script, test_files
from agentrl.envs.swe.formats.swebench import USED, read_shared, write_shared
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.errors import TaskError

COLUMNS = (
    *("instance_id", "repo", "test_patch", "install_config"),
    *("FAIL_TO_PASS", "PASS_TO_PASS"),
)
"""What such a row must have."""

_IMAGES = ("docker_image", "image_name")
_SECOND = ("base_image_name", "docker_specs")


def read(row: Row) -> Instance:
    """Read one of SWE-rebench's rows.

    Raises:
        TaskError: a column is missing or wrong, or the row does not say how its tests run.
    """
    require(row, *COLUMNS)
    config = mapping(row, "install_config")
    second = any(config.get(key) for key in _SECOND) or bool(row.get("language"))
    workdir = f"/{text(row, 'repo').rpartition('/')[2]}" if second else "/testbed"
    files = test_files(text(row, "test_patch"))
    commands = _commands(config, () if second else files)
    own = not second and len(commands) == 1 and shlex.split(commands[0])[:1] == ["pytest"]
    plan = TestPlan(
        framework="pytest" if own else "script",
        fail_to_pass=names(row, "FAIL_TO_PASS"),
        pass_to_pass=names(row, "PASS_TO_PASS"),
        paths=files if own else (),
        script=script("\n".join(commands), workdir),
        as_swebench=True,
        log_parser=text(config, "log_parser", default="parse_log_pytest"),
    )
    return replace(
        read_shared(row, plan),
        image=text(row, *_IMAGES),
        workdir=workdir,
        python="python3" if second else TESTBED_PYTHON,
        family="swe-rebench",
        extra=others(row, (*USED, *_IMAGES)),
    )


def write(instance: Instance) -> dict[str, Any]:
    """Return the row of an instance.

    Raises:
        TaskError: it does not come from such a row, so that its ``install_config`` is unknown.
    """
    if "install_config" not in instance.extra:
        raise TaskError(
            f"{instance.id}: a row of SWE-rebench needs install_config, and the instance comes "
            f"from another family; write it as a row of agentrl"
        )
    row = write_shared(instance)
    row["FAIL_TO_PASS"] = list(instance.tests.fail_to_pass)
    row["PASS_TO_PASS"] = list(instance.tests.pass_to_pass)
    return row | ({"docker_image": instance.image} if instance.image else {})


def _commands(config: dict[str, Any], files: tuple[str, ...]) -> list[str]:
    """Return the command lines that run the tests, the test files handed to the last one."""
    value = config.get("test_cmd")
    given = [value] if isinstance(value, str) else list(value or [])
    if not given or not all(isinstance(line, str) and line.strip() for line in given):
        raise TaskError("install_config: test_cmd is missing; it says how the tests run")
    return [*given[:-1], " ".join((given[-1].strip(), *map(shlex.quote, files)))]

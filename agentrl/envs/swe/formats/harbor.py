"""Harbor's task folder: an instruction, a Dockerfile, and a script that leaves a reward.

A task of Harbor is no row. The verdict is the number that ``tests/test.sh`` leaves in
``/logs/verifier/reward.json`` or ``reward.txt``; it stands here as one test by the name of
``reward``, which has passed when the number is 1 or more.
"""

import json
import re
from pathlib import Path
from typing import Any

from agentrl.envs.swe.formats.columns import inner_path, mapping, number, text
from agentrl.envs.swe.formats.files import copy, read_text, read_toml, read_tree, write_files
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.errors import TaskError

TASK = "task.toml"

REWARD = "reward"
"""Id of the one test that an instance of Harbor has."""

REWARD_FILE = "reward-file"
"""What stands as such an instance's log parser: not a log is read, but the file of the reward."""

_SCRIPT = "#!/bin/bash\nmkdir -p /logs/verifier\nbash /tests/test.sh\n"
_TIMEOUT_S = 600.0
_WORKDIR = re.compile(r"^\s*WORKDIR\s+(\S+)\s*$", re.MULTILINE | re.IGNORECASE)


def read_folder(folder: Path) -> Instance:
    """Read one of Harbor's task folders.

    Raises:
        TaskError: a file is missing or cannot be read, or the task has several steps or machines.
    """
    config = read_toml(folder / TASK)
    _refuse_unplayable(folder, config)
    environment = mapping(config, "environment")
    dockerfile = read_text(folder / "environment" / "Dockerfile")
    memory = number(environment, "memory_mb")
    return Instance(
        id=folder.resolve().name,
        problem=read_text(folder / "instruction.md"),
        tests=_plan(folder, mapping(config, "verifier")),
        solution=read_text(folder / "solution" / "solve.sh"),
        repo=text(mapping(config, "task"), "name"),
        image=text(environment, "docker_image"),
        dockerfile=dockerfile,
        context=str((folder / "environment").resolve()) if dockerfile else "",
        workdir=text(environment, "workdir") or _workdir(dockerfile),
        memory_mb=None if memory is None else int(memory),
        cpus=number(environment, "cpus"),
        difficulty=text(mapping(config, "metadata"), "difficulty"),
        family="harbor",
        extra={TASK: read_text(folder / TASK)},
    )


def write_folder(instance: Instance, folder: Path) -> None:
    """Write an instance as one of Harbor's task folders.

    Raises:
        TaskError: its verdict is no reward that a script leaves, or its Dockerfile's folder is
            gone.
        StorageError: the folder cannot be written.
    """
    tests = _tests(instance)
    if instance.tests.log_parser != REWARD_FILE or "test.sh" not in tests:
        raise TaskError(
            f"{instance.id}: a task of Harbor has a script tests/test.sh that leaves a reward, and "
            f"the instance has none; write it as a folder of agentrl"
        )
    if instance.context:
        copy(Path(instance.context), folder / "environment")
    files: dict[str, str | bytes] = {
        TASK: str(instance.extra.get(TASK) or _config(instance)),
        "instruction.md": instance.problem,
        "environment/Dockerfile": instance.dockerfile,
        "solution/solve.sh": instance.solution,
    }
    write_files(folder, files | {f"tests/{name}": data for name, data in tests.items()})


def _refuse_unplayable(folder: Path, config: dict[str, Any]) -> None:
    if config.get("steps"):
        raise TaskError("steps: a task of several steps; only tasks of one step can be played")
    for name in ("docker-compose.yaml", "docker-compose.yml"):
        if (folder / "environment" / name).exists():
            raise TaskError(f"environment/{name}: a task of several containers cannot be played")
    for name in ("instruction.md", "tests/test.sh"):
        if not (folder / name).is_file():
            raise TaskError(f"{name}: is missing; every task of Harbor has it")


def _plan(folder: Path, verifier: dict[str, Any]) -> TestPlan:
    tests = read_tree(folder / "tests")
    return TestPlan(
        framework="script",
        fail_to_pass=(REWARD,),
        script=_SCRIPT,
        log_parser=REWARD_FILE,
        files={f"/tests/{name}": data for name, data in tests.items()},
        timeout_s=float(number(verifier, "timeout_sec", _TIMEOUT_S) or _TIMEOUT_S),
    )


def _workdir(dockerfile: str) -> str:
    """Return where the Dockerfile's image begins, which is where the agent works."""
    found = [path.strip("\"'") for path in _WORKDIR.findall(dockerfile)]
    folder = "/app" if not found else ""
    for path in found:
        folder = path if path.startswith("/") else f"{folder.rstrip('/')}/{path}"
    return folder


def _tests(instance: Instance) -> dict[str, bytes]:
    files = instance.tests.files.items()
    return {
        inner_path(path, "tests.files").removeprefix("/tests/"): data
        for path, data in files
        if path.startswith("/tests/")
    }


def _config(instance: Instance) -> str:
    """Return a ``task.toml``; JSON's text and numbers are TOML's as well."""
    environment = {
        "docker_image": instance.image,
        "workdir": instance.workdir,
        "memory_mb": instance.memory_mb,
        "cpus": instance.cpus,
    }
    lines = ['schema_version = "1.4"', "", "[metadata]"]
    lines += [f"difficulty = {json.dumps(instance.difficulty)}"] if instance.difficulty else []
    lines += ["", "[verifier]", f"timeout_sec = {instance.tests.timeout_s}", "", "[environment]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in environment.items() if value]
    return "\n".join([*lines, ""])

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.swe.formats import harbor, swebench5
from agentrl.envs.swe.formats.families import instance_of
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.errors import TaskError

CONFIG = """\
schema_version = "1.4"

[metadata]
difficulty = "hard"

[verifier]
timeout_sec = 120.0

[environment]
memory_mb = 4096
cpus = 2
"""


@pytest.fixture
def harbor_task(tmp_path: Path) -> Path:
    folder = tmp_path / "fix-adder"
    for name, text in {
        "task.toml": CONFIG,
        "instruction.md": "Fix it.\n",
        "environment/Dockerfile": "FROM python:3.12\nWORKDIR /srv\nWORKDIR app\n",
        "environment/app.py": "x = 1\n",
        "solution/solve.sh": "#!/bin/bash\necho done\n",
        "tests/test.sh": "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n",
        "tests/data/in.txt": "1\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_task_of_harbor_is_one_test_called_reward(harbor_task: Path) -> None:
    instance = harbor.read_folder(harbor_task)

    assert instance.id == "fix-adder"
    assert instance.problem == "Fix it.\n"
    assert instance.solution.endswith("echo done\n")
    assert instance.workdir == "/srv/app"
    assert instance.context == str(harbor_task / "environment")
    assert (instance.memory_mb, instance.cpus, instance.difficulty) == (4096, 2, "hard")
    assert instance.tests.fail_to_pass == ("reward",)
    assert instance.tests.log_parser == "reward-file"
    assert instance.tests.timeout_s == 120.0
    assert instance.tests.files.keys() == {"/tests/test.sh", "/tests/data/in.txt"}
    assert "bash /tests/test.sh" in instance.tests.script


def test_a_task_of_harbor_is_written_as_it_was(harbor_task: Path, tmp_path: Path) -> None:
    instance = harbor.read_folder(harbor_task)
    copy = tmp_path / "copy" / "fix-adder"

    harbor.write_folder(instance, copy)

    files = {path.relative_to(harbor_task) for path in harbor_task.rglob("*")}
    assert {path.relative_to(copy) for path in copy.rglob("*")} == files
    again = harbor.read_folder(copy)
    assert again == replace(instance, context=str(copy / "environment"))
    assert (copy / "tests/test.sh").stat().st_mode & 0o111


def test_a_task_for_harbor_can_be_made_from_nothing(tmp_path: Path) -> None:
    plan = TestPlan(
        "script",
        fail_to_pass=("reward",),
        script="bash /tests/test.sh",
        log_parser="reward-file",
        files={"/tests/test.sh": b"exit 0\n"},
        timeout_s=9.5,
    )
    instance = Instance(
        "mine", 'Say "hi".\n', plan, image="my/image", workdir="/w", difficulty="easy"
    )

    harbor.write_folder(instance, tmp_path / "mine")

    again = harbor.read_folder(tmp_path / "mine")
    assert (again.image, again.workdir, again.difficulty) == ("my/image", "/w", "easy")
    assert (again.problem, again.tests.timeout_s) == ('Say "hi".\n', 9.5)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("task.toml", "[[steps]]\nname = 'a'\n", "steps: a task of several steps"),
        ("task.toml", "[verifier\n", "task.toml: no TOML"),
        ("task.toml", "[environment]\ncpus = 'two'\n", "cpus: expected a positive number"),
        ("environment/docker-compose.yaml", "", "a task of several containers"),
    ],
)
def test_what_cannot_be_played_of_harbor_is_told(
    harbor_task: Path, name: str, text: str, complaint: str
) -> None:
    (harbor_task / name).write_text(text)

    with pytest.raises(TaskError, match=re.escape(complaint)):
        harbor.read_folder(harbor_task)


def test_a_task_of_harbor_without_tests_is_refused(harbor_task: Path) -> None:
    (harbor_task / "tests/test.sh").unlink()

    with pytest.raises(TaskError, match=r"tests/test\.sh: is missing"):
        harbor.read_folder(harbor_task)


def test_an_instance_without_reward_is_no_task_of_harbor(rows: Any, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="leaves a reward"):
        harbor.write_folder(instance_of(rows["swebench"]), tmp_path / "x")


def test_a_task_of_a_task_repository_is_written_and_read(rows: Any, tmp_path: Path) -> None:
    instance = instance_of(rows["swebench-5"])
    files = {"tests/data/x.bin": b"\xff\0"}
    instance = replace(instance, dockerfile="FROM x\n", tests=replace(instance.tests, files=files))
    folder = tmp_path / "tasks" / instance.id

    swebench5.write_folder(instance, folder)

    assert {path.name for path in folder.iterdir()} == {
        *("task.yaml", "tests.json", "problem_statement.md", "gold.patch", "test.patch"),
        *("eval.sh", "Dockerfile", "test_assets"),
    }
    assert swebench5.read_folder(folder) == instance


def test_a_task_of_a_task_repository_lies_in_a_folder_of_its_name(
    rows: Any, tmp_path: Path
) -> None:
    swebench5.write_folder(instance_of(rows["swebench-5"]), tmp_path / "other")

    with pytest.raises(TaskError, match="instance_id: 'astropy__astropy-12907', but its folder"):
        swebench5.read_folder(tmp_path / "other")


def test_broken_json_in_a_task_repository_is_told(rows: Any, tmp_path: Path) -> None:
    folder = tmp_path / "astropy__astropy-12907"
    swebench5.write_folder(instance_of(rows["swebench-5"]), folder)
    (folder / "tests.json").write_text("{")

    with pytest.raises(TaskError, match=r"tests\.json: no JSON"):
        swebench5.read_folder(folder)

"""The ``sandbox`` section of a suite reaches the environments that run code, and no others."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrl.envs.build import build_env, check_options, env_class
from agentrl.envs.code.env import CodeEnv
from agentrl.envs.options import describe_options
from agentrl.envs.swe.env import SWEEnv
from agentrl.envs.tasks import load_tasks
from agentrl.errors import SuiteError, TaskError, UsageError
from agentrl.suite import Suite, load_suite
from agentrl.suite.sandbox import SandboxSpec
from agentrl.suite.spec import EnvSpec


def suite(folder: Path, env_id: str, tasks: dict[str, Any] | None = None, **more: Any) -> Suite:
    path = folder / "suite.yaml"
    data = {
        "name": "t",
        "env": {"id": env_id},
        "tasks": tasks or {"generate": {"count": 2}},
        "agent": {"kind": "expert"},
        **more,
    }
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return load_suite(path)


@pytest.mark.parametrize("env_id", ["agentrl/SWE-v0", "agentrl/Code-v0"])
def test_an_environment_that_runs_code_gets_the_section(env_id: str) -> None:
    env = build_env(EnvSpec(id=env_id), SandboxSpec(memory_mb=512))

    assert isinstance(env, SWEEnv | CodeEnv)
    assert env._spec.memory_mb == 512
    assert "sandbox" not in [option.name for option in describe_options(type(env))]
    assert all(option.text for option in describe_options(type(env)))


def test_options_are_checked_without_starting_a_sandbox(tmp_path: Path) -> None:
    check_options(suite(tmp_path, "agentrl/SWE-v0", sandbox={"backend": "docker"}))


def test_a_sandbox_for_an_environment_that_runs_no_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"suite\.yaml:\d+: sandbox\.memory_mb: .*runs no code"):
        check_options(suite(tmp_path, "agentrl/Maze-v0", sandbox={"memory_mb": 64}))


def test_the_resolved_suite_of_any_environment_can_be_run_again(tmp_path: Path) -> None:
    for env_id in ("agentrl/Maze-v0", "agentrl/Code-v0"):
        (tmp_path / "resolved.yaml").write_text(suite(tmp_path, env_id).resolved())
        check_options(load_suite(tmp_path / "resolved.yaml"))


@pytest.mark.parametrize(
    ("env_id", "options", "message"),
    [
        ("agentrl/SWE-v0", {"command_s": 0.0}, "command_s is 0.0, expected at least"),
        ("agentrl/SWE-v0", {"grade": "never"}, "options.grade: input should be"),
        ("agentrl/Code-v0", {"feedback": "all"}, "options.feedback: input should be"),
        ("agentrl/Code-v0", {"sandbox": {}}, "options.sandbox: unknown option"),
    ],
)
def test_a_wrong_option_is_refused(
    tmp_path: Path, env_id: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        check_options(suite(tmp_path, env_id, env={"id": env_id, "options": options}))


def test_rows_of_different_families_can_be_inline(tmp_path: Path) -> None:
    classic = {
        "instance_id": "psf__requests-1",
        "repo": "psf/requests",
        "base_commit": "abc",
        "version": "2.0",
        "patch": "",
        "test_patch": "--- a/tests/test_a.py\n+++ b/tests/test_a.py\n@@ -0,0 +1 @@\n+x = 1\n",
        "problem_statement": "It fails.",
        "FAIL_TO_PASS": '["tests/test_a.py::test_a"]',
        "PASS_TO_PASS": "[]",
    }
    own = {
        "id": "own-1",
        "problem": "It fails.",
        "tests": {"framework": "pytest", "fail_to_pass": ["t.py::a"]},
    }

    tasks = load_tasks(suite(tmp_path, "agentrl/SWE-v0", {"inline": [classic, own]}))

    assert [(task.id, task.group) for task in tasks] == [
        ("psf__requests-1", "psf/requests"),
        ("own-1", ""),
    ]


def test_a_folder_of_tasks_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "tasks" / "own-1"
    folder.mkdir(parents=True)
    row = {"id": "own-1", "tests": {"framework": "pytest", "fail_to_pass": ["t.py::a"]}}
    (folder / "task.yaml").write_text(yaml.safe_dump({**row, "problem": "It fails."}))

    tasks = load_tasks(suite(tmp_path, "agentrl/SWE-v0", {"file": "tasks"}))

    assert [task.id for task in tasks] == ["own-1"]


def test_a_row_that_is_no_instance_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "question": "?"}\n')

    with pytest.raises(TaskError, match=r"rows\.jsonl:1"):
        load_tasks(suite(tmp_path, "agentrl/SWE-v0", {"file": "rows.jsonl"}))


def test_a_folder_is_no_file_of_questions(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()

    with pytest.raises(TaskError, match="Is a directory"):
        load_tasks(suite(tmp_path, "agentrl/QA-v0", {"file": "rows"}))


def test_both_environments_describe_themselves() -> None:
    for env_id in ("agentrl/SWE-v0", "agentrl/Code-v0"):
        chosen = env_class(env_id)
        assert chosen.blocking
        assert chosen.sandboxed

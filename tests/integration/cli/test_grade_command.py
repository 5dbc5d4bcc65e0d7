import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agentrl.envs.swe.dataset import write_instances
from agentrl.envs.swe.example import example_instance
from agentrl.envs.swe.instance import Instance
from agentrl.sandboxes.base import Backend

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker_backend")]


def new_file(path: str, *lines: str) -> str:
    """Return a patch that makes a file."""
    text = "".join(f"+{line}\n" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n{text}"
    )


@pytest.fixture
def tasks(tmp_path: Path) -> list[Instance]:
    """Four instances, in ``tasks.jsonl``."""
    instances = [example_instance(seed) for seed in range(4)]
    write_instances(instances, tmp_path / "tasks.jsonl")
    return instances


def agentrl(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentrl.cli", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def summary(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["models"]


def predictions(path: Path, patches: dict[str, str], model: str = "org/m") -> Path:
    rows = [
        {"instance_id": id, "model_name_or_path": model, "model_patch": patch}
        for id, patch in patches.items()
    ]
    path.write_text(json.dumps(rows))
    return path


def test_gold_resolves_all_and_empty_none(tasks: list[Instance], tmp_path: Path) -> None:
    options = ("--tasks", "tasks.jsonl", "-j", 2, "--json")

    gold = agentrl("grade", "gold", *options, "--out", "gold", cwd=tmp_path)
    empty = agentrl("grade", "empty", *options, "--out", "empty", cwd=tmp_path)

    assert (gold.returncode, empty.returncode) == (0, 0), gold.stderr
    assert summary(gold)["gold"]["resolved"] == 4
    assert summary(empty)["empty"]["resolved"] == 0
    assert summary(empty)["empty"]["empty"] == 4
    run = tmp_path / "gold"
    report = json.loads((run / "gold.gold.json").read_text())
    assert report["resolved_ids"] == sorted(task.id for task in tasks)
    assert report["schema_version"] == 2
    for task in tasks:
        place = run / "logs/run_evaluation/gold/gold" / task.id
        assert json.loads((place / "report.json").read_text())[task.id]["resolved"] is True
        assert (place / "patch.diff").read_text() == task.patch
        assert " ... ok" in (place / "test_output.txt").read_text()
    assert all(task.id in (run / "report.html").read_text() for task in tasks)


def test_two_models_of_one_instance_are_graded_apart(tasks: list[Instance], tmp_path: Path) -> None:
    rows = [
        {"instance_id": tasks[0].id, "model_name_or_path": model, "model_patch": patch}
        for model, patch in (("a/one", tasks[0].patch), ("two", ""))
    ]
    (tmp_path / "both.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    done = agentrl(
        "grade", "both.jsonl", "--tasks", "tasks.jsonl", "--out", "run", "--json", cwd=tmp_path
    )

    assert {name: one["resolved"] for name, one in summary(done).items()} == {"a/one": 1, "two": 0}
    assert (tmp_path / "run/a__one.run.json").exists()
    assert (tmp_path / "run/two.run.json").exists()


def test_a_killed_grading_goes_on_where_it_was(tasks: list[Instance], tmp_path: Path) -> None:
    patches = {task.id: task.patch for task in tasks}
    predictions(tmp_path / "p.json", patches)
    command = ["grade", "p.json", "--tasks", "tasks.jsonl", "--out", "run", "--no-cache"]
    process = subprocess.Popen(
        [sys.executable, "-m", "agentrl.cli", *command],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    verdicts = tmp_path / "run/verdicts.jsonl"
    deadline = time.monotonic() + 120
    while not (verdicts.exists() and verdicts.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    graded = verdicts.read_text().splitlines()
    assert 1 <= len(graded) <= 4

    done = agentrl(*command, "--resume", "--json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert summary(done)["org/m"]["resolved"] == 4
    lines = [json.loads(line) for line in verdicts.read_text().splitlines()]
    assert sorted(line["instance_id"] for line in lines) == sorted(patches)
    assert lines[0] == json.loads(graded[0])


def test_ctrl_c_ends_cleanly_and_leaves_no_sandbox(
    tasks: list[Instance], tmp_path: Path, docker_backend: Backend
) -> None:
    module = tasks[0].repo.split("/")[1]
    loop = new_file(f"{module}/__init__.py", "while True:", "    pass")
    predictions(tmp_path / "p.json", {tasks[0].id: loop})
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "agentrl.cli", "grade", "p.json", "--tasks", "tasks.jsonl"),
            *("--out", "run"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's "&" ignores it
    )
    mine = f":{process.pid}:"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any(mine in lease.owner for lease in docker_backend.leases()):
            break
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert "continue with --resume --out run" in said
    assert not [lease for lease in docker_backend.leases() if mine in lease.owner]


def test_a_patch_that_changed_since_is_graded_anew(tasks: list[Instance], tmp_path: Path) -> None:
    options = ("--tasks", "tasks.jsonl", "--out", "run", "--json")
    predictions(tmp_path / "p.json", {tasks[0].id: ""})
    first = agentrl("grade", "p.json", *options, cwd=tmp_path)
    predictions(tmp_path / "p.json", {tasks[0].id: tasks[0].patch})

    again = agentrl("grade", "p.json", *options, "--resume", cwd=tmp_path)

    assert summary(first)["org/m"]["resolved"] == 0
    assert summary(again)["org/m"]["resolved"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gold", "--tasks", "nowhere.jsonl"), "nowhere.jsonl"),
        (("nowhere.json", "--tasks", "tasks.jsonl"), "nowhere.json"),
        (("gold", "--tasks", "tasks.jsonl", "-i", "nobody"), "no instance nobody"),
        (("gold", "--tasks", "tasks.jsonl", "--set", "sandbox.memory=1"), "memory_mb"),
        (("gold", "--tasks", "tasks.jsonl", "--set", "sandbox.cpus=-1"), "cpus"),
        (("gold", "--tasks", "tasks.jsonl", "--resume"), "--out"),
        (("gold", "--tasks", "tasks.jsonl", "--resume", "--out", "none"), "holds no grading"),
    ],
)
def test_bad_input_ends_with_2_and_one_line(
    arguments: tuple[str, ...], said: str, tasks: list[Instance], tmp_path: Path
) -> None:
    done = agentrl("grade", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr

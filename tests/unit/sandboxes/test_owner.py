import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrl.sandboxes.owner import current_owner, current_run, is_gone
from agentrl.sandboxes.traces import leave_trace, remove_trace, sweep_abandoned


def other_owner(code: str = "pass") -> str:
    program = f"from agentrl.sandboxes.owner import current_owner; {code}; print(current_owner())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_process_that_ended_is_gone_and_this_one_is_not() -> None:
    assert is_gone(other_owner())
    assert not is_gone(current_owner())


def test_a_later_process_with_the_same_number_is_another() -> None:
    machine, pid, start = current_owner().rsplit(":", 2)

    assert is_gone(f"{machine}:{pid}:{int(start) - 1}")


@pytest.mark.parametrize("owner", ["elsewhere:1:5", "", "x", "a:b:c", ":::"])
def test_of_other_machines_and_of_nonsense_nothing_is_known(owner: str) -> None:
    assert not is_gone(owner)


def test_the_run_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENTRL_RUN", raising=False)
    assert current_run() == ""

    monkeypatch.setenv("AGENTRL_RUN", "r1")

    assert current_run() == "r1"


def test_a_trace_of_a_living_process_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    leave_trace("docker")

    assert sweep_abandoned() == 0
    assert [path.name for path in tmp_path.rglob("*@*")] == [f"{current_owner()}@docker"]

    remove_trace("docker")
    remove_trace("docker")
    assert not list(tmp_path.rglob("*@*"))


def test_a_trace_whose_backend_does_not_answer_is_kept_for_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    other_owner("from agentrl.sandboxes.traces import leave_trace; leave_trace('docker')")

    # In a process of its own: this one may know already that an engine answers elsewhere.
    other_owner(
        "from agentrl.sandboxes.traces import sweep_abandoned; assert not sweep_abandoned()"
    )

    assert len(list(tmp_path.rglob("*@docker"))) == 1


def test_a_cache_that_cannot_be_written_leaves_no_trace_and_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path / "file"))

    leave_trace("docker")
    remove_trace("docker")

    assert sweep_abandoned() == 0


def test_without_traces_no_engine_is_looked_for() -> None:
    program = (
        "import sys; from agentrl.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "print('docker' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AGENTRL_CACHE": "/nonexistent"},
    )

    assert done.stdout.splitlines()[-1] == "False"

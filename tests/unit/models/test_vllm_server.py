"""The vLLM server's command, its guard and its refusals; no vLLM is started here."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentrl.errors import CheckpointError
from agentrl.models.scratch import build_checkpoint
from agentrl.models.vllm import VllmModel, VllmServer, guard
from agentrl.models.vllm.server import server_command
from agentrl.suite.model import Scratch, VllmSpec

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""
PARENT = """
import os, subprocess, sys
process = subprocess.Popen(
    [sys.executable, "-I", sys.argv[1], str(os.getpid()), *sys.argv[2:]], start_new_session=True
)
print(process.pid, flush=True)
process.wait()
"""


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def guarded_family(tmp_path: Path) -> tuple["subprocess.Popen[str]", int, int]:
    """Start parent -> guard -> command -> child; return the parent, the guard and the child."""
    note = tmp_path / "child"
    command = [sys.executable, "-c", FAMILY, str(note)]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, guard.__file__, *command], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    guard_pid = int(parent.stdout.readline())
    until(lambda: note.exists() and note.read_text() != "")
    return parent, guard_pid, int(note.read_text())


def test_a_killed_parent_takes_the_whole_family_along(tmp_path: Path) -> None:
    parent, guard_pid, child = guarded_family(tmp_path)
    with parent:
        parent.kill()
    until(lambda: is_gone(child) and is_gone(guard_pid))


def test_a_terminated_guard_takes_the_whole_family_along(tmp_path: Path) -> None:
    parent, guard_pid, child = guarded_family(tmp_path)
    with parent:
        os.kill(guard_pid, signal.SIGTERM)
        until(lambda: is_gone(child) and is_gone(guard_pid))
        assert parent.wait(30) == 0


def test_a_command_that_ends_leaves_nobody_behind(tmp_path: Path) -> None:
    parent, guard_pid, child = guarded_family(tmp_path)
    with parent:
        children = Path(f"/proc/{guard_pid}/task/{guard_pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        until(lambda: is_gone(child) and is_gone(guard_pid))


@pytest.mark.parametrize(
    ("removed", "complaint"),
    [
        ("config.json", "no config.json"),
        ("tokenizer.json", "no tokenizer"),
        ("model.safetensors", "no weights"),
    ],
)
def test_a_bad_checkpoint_starts_no_server(removed: str, complaint: str, tmp_path: Path) -> None:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    folder, log = tmp_path / "model", tmp_path / "log"
    build_checkpoint(folder, ["a text"], Scratch(hidden_size=32, layers=1, vocabulary=300))
    (folder / removed).unlink()
    spec = VllmSpec(backend="vllm", checkpoint=str(folder))
    with pytest.raises(CheckpointError, match=complaint):
        asyncio.run(VllmModel(spec, log=log).start())
    assert not log.exists()


def test_no_checkpoint_at_all_starts_no_server(tmp_path: Path) -> None:
    pytest.importorskip("vllm", reason="vLLM is not installed")
    spec = VllmSpec(backend="vllm", checkpoint=str(tmp_path / "nowhere"))
    with pytest.raises(CheckpointError, match="no such folder"):
        asyncio.run(VllmServer(spec, log=tmp_path / "log").start())
    assert not (tmp_path / "log").exists()


def test_the_command_records_what_was_sampled_from() -> None:
    spec = VllmSpec(backend="vllm", checkpoint="x", args=("--port=1",), dtype="bfloat16")
    command = server_command(spec, Path("/models/x"), port=4242)
    text = " ".join(command)
    assert "-m vllm.entrypoints.openai.api_server --model /models/x --host 127.0.0.1" in text
    assert "--logprobs-mode processed_logprobs" in text
    assert "--generation-config vllm" in text
    assert "--dtype bfloat16" in text
    assert command[-1] == "--port=1"


def test_stopping_a_server_that_never_started_changes_nothing() -> None:
    server = VllmServer(VllmSpec(backend="vllm", checkpoint="x"))
    server.stop()
    assert not server.is_running
    assert not server.is_healthy()

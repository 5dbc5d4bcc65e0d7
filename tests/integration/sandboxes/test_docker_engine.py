import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agentrl.errors import SandboxError
from agentrl.sandboxes.docker.engine import engine_answers

ENGINE = "/var/run/docker.sock"
AMID = """
import sys
from agentrl.errors import SandboxError
from agentrl.sandboxes.connect import connect
from agentrl.suite.sandbox import SandboxSpec

spec = SandboxSpec(backend="docker")
backend = connect(spec)
sandbox = backend.start(backend.base_image(), spec)
print(sandbox.exec("echo $((6*7))").output, end="", flush=True)
sys.stdin.readline()
for attempt in (
    lambda: sandbox.exec("sleep 60"),
    lambda: sandbox.run(["sleep", "60"]),
    lambda: sandbox.read_file("/etc/passwd"),
    lambda: sandbox.snapshot("agentrl/test:never"),
    lambda: backend.start("agentrl/test:never", spec),
    lambda: backend.leases(),
):
    try:
        attempt()
        print("went well")
    except SandboxError as exc:
        print(f"SandboxError: {exc}")
"""


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """An engine that takes connections and never answers."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(64)
        yield f"unix://{path}"


class Relay:
    """A socket that passes everything on to the engine, until it is cut."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(64)
        self._pairs: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._pairs:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(ENGINE)
                self._pairs += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def agentrl(*arguments: str, engine: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentrl.cli", *arguments],
        env={**os.environ, "DOCKER_HOST": engine},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_engine_that_never_answers_is_none(monkeypatch: pytest.MonkeyPatch, silent: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", silent)

    assert not engine_answers()


def test_a_socket_that_nobody_listens_at_is_no_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")

    assert not engine_answers()


def test_an_address_that_is_none_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "nonsense://")

    assert not engine_answers()


def test_a_suite_that_wants_docker_is_told_how_to_have_it(silent: str, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: x\nenv: {id: agentrl/Maze-v0}\ntasks: {generate: {count: 1, seed: 0}}\n"
        "agent: {kind: random}\nsandbox: {backend: docker}\n"
    )

    refused = agentrl("sandbox", "build", str(suite), engine=silent)

    assert refused.returncode == 2
    assert f"no Docker engine answers at {silent}" in refused.stderr
    assert "set DOCKER_HOST, or choose bubblewrap" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.docker
@pytest.mark.usefixtures("docker_backend")
def test_an_engine_that_dies_in_the_middle_is_an_error_of_everything_tried(tmp_path: Path) -> None:
    if not Path(ENGINE).exists():
        pytest.skip(f"the engine is not at {ENGINE}")
    relay = Relay(tmp_path / "relay.sock")
    with subprocess.Popen(
        [sys.executable, "-c", AMID],
        env={**os.environ, "DOCKER_HOST": relay.address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "42\n"
        relay.cut()
        said, _ = program.communicate("go on\n", timeout=60)

    lines = said.splitlines()
    assert len(lines) == 6
    assert all(line.startswith(SandboxError.__name__) for line in lines)
    assert "start it, or set DOCKER_HOST" in lines[-1]

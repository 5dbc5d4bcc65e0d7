import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from agentrl.sandboxes.base import Sandbox
from agentrl.sandboxes.docker.backend import DockerBackend
from agentrl.sandboxes.docker.container import EXPIRES, OWNER
from agentrl.sandboxes.owner import current_owner
from agentrl.suite.sandbox import SandboxSpec

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker_image")]

HOLDER = """
import sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from agentrl.sandboxes.pool import shared_pool
from agentrl.suite.sandbox import SandboxSpec

pool = shared_pool(SandboxSpec(backend="docker"))
image = pool.backend.base_image()
with ThreadPoolExecutor(8) as threads:
    sandboxes = list(threads.map(lambda _: pool.acquire(image), range(int(sys.argv[1]))))
for number, sandbox in enumerate(sandboxes):
    if number % 2:
        sandbox.exec("setsid sleep 1000 &")
    else:  # one that is amid a long program does not see at once that we are gone
        threading.Thread(target=sandbox.run, args=[["sleep", "900"]], daemon=True).start()
time.sleep(0.5)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "AGENTRL_CACHE": str(tmp_path / "cache")}


@pytest.fixture
def holder(environment: dict[str, str]) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """Starts a process that holds so many sandboxes."""
    processes: list[subprocess.Popen[str]] = []

    def start(count: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(count)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def of(backend: DockerBackend, pid: int) -> int:
    return sum(f":{pid}:" in lease.owner for lease in backend.leases())


def agentrl(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agentrl.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def wait_until_none(backend: DockerBackend, pid: int) -> None:
    last = time.monotonic() + 60  # the engine takes a moment to remove what has been ended
    while of(backend, pid):
        assert time.monotonic() < last, f"{of(backend, pid)} sandboxes are left"
        time.sleep(0.1)


@pytest.mark.slow
def test_after_a_kill_the_next_start_of_anything_leaves_no_sandbox(
    docker_backend: DockerBackend,
    holder: Callable[[int], subprocess.Popen[str]],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    process = holder(64)
    assert of(docker_backend, process.pid) >= 64
    process.send_signal(signal.SIGKILL)
    process.wait()

    started = agentrl("envs", environment=environment)

    assert started.returncode == 0
    wait_until_none(docker_backend, process.pid)
    assert not list(tmp_path.rglob("*@docker"))


def test_what_is_idle_ends_with_its_process_before_anybody_sweeps(
    docker_backend: DockerBackend, holder: Callable[[int], subprocess.Popen[str]]
) -> None:
    process = holder(2)
    process.send_signal(signal.SIGKILL)
    process.wait()

    last = time.monotonic() + 60
    while of(docker_backend, process.pid) > 1:  # the other runs its program to the end
        assert time.monotonic() < last
        time.sleep(0.1)
    assert docker_backend.sweep() >= 1
    wait_until_none(docker_backend, process.pid)


def test_sweeping_leaves_a_living_process_s_sandboxes_alone(
    docker_backend: DockerBackend,
    docker_sandbox: Sandbox,
    holder: Callable[[int], subprocess.Popen[str]],
    environment: dict[str, str],
) -> None:
    process = holder(2)

    assert agentrl("sandbox", "prune", environment=environment).returncode == 0

    assert of(docker_backend, process.pid) >= 2  # and perhaps a spare
    assert docker_sandbox.exec("echo alive").output == "alive\n"


def test_an_expired_sandbox_is_swept_whoever_owns_it(
    docker_backend: DockerBackend, docker_image: str
) -> None:
    with closing(docker.APIClient()) as api:
        labels = {OWNER: "elsewhere:1:1", EXPIRES: str(int(time.time()) - 1)}
        expired = api.create_container(docker_image, ["true"], labels=labels)["Id"]
        labels = {OWNER: "elsewhere:1:1", EXPIRES: str(int(time.time()) + 600)}
        current = api.create_container(docker_image, ["true"], labels=labels)["Id"]
        foreign = api.create_container(docker_image, ["true"], name="agentrl-looks-like-one")["Id"]
        try:
            orphans = [lease.id for lease in docker_backend.leases() if lease.orphan]
            assert expired[:12] in orphans
            assert docker_backend.sweep() >= 1
            left = {one["Id"] for one in api.containers(all=True)}
            assert expired not in left
            assert {current, foreign} <= left
        finally:
            for container in (current, foreign):
                api.remove_container(container, force=True)


def test_a_process_that_exits_in_order_leaves_neither_sandbox_nor_trace(
    docker_backend: DockerBackend, environment: dict[str, str], tmp_path: Path
) -> None:
    program = HOLDER.replace("time.sleep(600)", "print(*tmp.rglob('*@docker'))").replace(
        "import sys,", f"from pathlib import Path; tmp = Path({str(tmp_path)!r})\nimport sys,"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "2"], stdout=subprocess.PIPE, text=True, env=environment
    )
    said, _ = process.communicate(timeout=120)

    assert f":{process.pid}:" in said  # the trace was there while it ran
    assert not list(tmp_path.rglob("*@docker"))
    wait_until_none(docker_backend, process.pid)
    assert not current_owner().endswith(f":{process.pid}:")


def test_a_lifetime_bounds_what_a_killed_process_leaves_behind(
    docker_backend: DockerBackend, docker_image: str
) -> None:
    with closing(docker_backend.start(docker_image, SandboxSpec(lifetime_s=60))) as sandbox:
        [lease] = [lease for lease in docker_backend.leases() if lease.id == sandbox.id]
        assert 0 < lease.expires - time.time() <= 60

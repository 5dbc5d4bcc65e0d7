import threading
import time
from collections.abc import Iterator

import docker
import pytest

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import Sandbox
from agentrl.sandboxes.docker.backend import DockerBackend
from agentrl.sandboxes.pool import Pool, shared_pool
from agentrl.suite.sandbox import SandboxSpec

pytestmark = pytest.mark.docker


@pytest.fixture
def pool(docker_backend: DockerBackend) -> Iterator[Pool]:
    pool = Pool(docker_backend, SandboxSpec(spares=1))
    yield pool
    pool.close()


def alive(backend: DockerBackend) -> set[str]:
    return {lease.id for lease in backend.leases() if not lease.orphan}


def wait_for_another(backend: DockerBackend, than: set[str]) -> str:
    last = time.monotonic() + 60
    while not (found := alive(backend) - than):
        assert time.monotonic() < last, "no spare is started"
        time.sleep(0.05)
    return found.pop()


def test_every_sandbox_is_fresh_and_spares_are_used(pool: Pool, docker_image: str) -> None:
    ids = []
    for number in range(4):
        sandbox = pool.acquire(docker_image)
        assert sandbox.exec("cat /tmp/mine").exit_code == 1
        sandbox.exec(f"echo {number} >/tmp/mine; cd /tmp; export A=1")
        ids.append(sandbox.id)
        sandbox.close()

    assert len(set(ids)) == 4


def test_a_spare_that_somebody_removed_is_not_given(
    pool: Pool, docker_backend: DockerBackend, docker_image: str
) -> None:
    before = alive(docker_backend)
    pool.warm(docker_image)
    spare = wait_for_another(docker_backend, before)
    docker.APIClient().remove_container(spare, force=True)

    for _ in range(2):
        given = pool.acquire(docker_image)
        assert given.id != spare
        assert given.exec("echo alive").output == "alive\n"


def test_closing_ends_what_is_in_the_middle_of_a_command(
    docker_backend: DockerBackend, docker_image: str
) -> None:
    pool = Pool(docker_backend, SandboxSpec(spares=0))
    sandbox = pool.acquire(docker_image)
    failures: list[Exception] = []

    def work(sandbox: Sandbox) -> None:
        try:
            sandbox.exec("sleep 100", timeout_s=100)
        except SandboxError as exc:
            failures.append(exc)

    thread = threading.Thread(target=work, args=[sandbox])
    thread.start()
    time.sleep(0.5)
    pool.close()
    thread.join(30)

    assert not thread.is_alive()
    assert len(failures) == 1
    assert sandbox.id not in alive(docker_backend)


def test_a_process_has_one_pool_for_a_specification() -> None:
    spec = SandboxSpec(backend="docker", spares=0)

    assert shared_pool(spec) is shared_pool(SandboxSpec(backend="docker", spares=0))
    assert shared_pool(spec) is not shared_pool(SandboxSpec(backend="docker", spares=0, cpus=0.5))

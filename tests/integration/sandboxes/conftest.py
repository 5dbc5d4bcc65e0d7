from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

import pytest

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import Backend, Sandbox
from agentrl.sandboxes.connect import connect
from agentrl.sandboxes.docker.backend import DockerBackend
from agentrl.suite.sandbox import SandboxSpec


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend that is to be had here."""
    return _reach_or_skip(request.param)


@pytest.fixture
def start(backend: Backend) -> Callable[..., Sandbox]:
    """Starts a sandbox from the base image, given keys of a specification."""
    image = backend.base_image()
    return lambda **keys: backend.start(image, SandboxSpec.model_validate(keys))


@pytest.fixture(scope="session")
def docker_backend() -> DockerBackend:
    backend = _reach_or_skip("docker")
    assert isinstance(backend, DockerBackend)
    return backend


@pytest.fixture(scope="session")
def docker_image(docker_backend: DockerBackend) -> str:
    return docker_backend.base_image()


@pytest.fixture
def docker_sandbox(docker_backend: DockerBackend, docker_image: str) -> Iterator[Sandbox]:
    sandbox = docker_backend.start(docker_image, SandboxSpec(memory_mb=256, pids=64))
    yield sandbox
    with suppress(SandboxError):
        sandbox.close()


def _reach_or_skip(name: str) -> Backend:
    reached = _reach(name)
    if isinstance(reached, str):
        pytest.skip(reached)
    return reached


@cache
def _reach(name: str) -> Backend | str:
    try:
        backend = connect(SandboxSpec.model_validate({"backend": name}))
        backend.base_image()
    except UsageError as exc:
        return str(exc)
    return backend

import pytest

from agentrl.sandboxes.base import Backend
from agentrl.sandboxes.connect import connect, engine_answers
from agentrl.suite.sandbox import SandboxSpec


@pytest.fixture(scope="session")
def docker_backend() -> Backend:
    """The Docker backend, whose base image is there."""
    if not engine_answers():
        pytest.skip("no Docker engine answers")
    backend = connect(SandboxSpec(backend="docker"))
    backend.base_image()
    return backend

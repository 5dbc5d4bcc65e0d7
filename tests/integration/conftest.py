import pytest

from agentrl.errors import UsageError
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


@pytest.fixture(
    scope="session", params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap"]
)
def any_sandbox(request: pytest.FixtureRequest) -> SandboxSpec:
    """Each kind of sandbox that is to be had here."""
    return _reached(SandboxSpec.model_validate({"backend": request.param}))


@pytest.fixture(scope="session")
def sandbox() -> SandboxSpec:
    """The sandbox that a suite gets here by default."""
    return _reached(SandboxSpec())


def _reached(spec: SandboxSpec) -> SandboxSpec:
    try:
        connect(spec).base_image()
    except UsageError as exc:
        pytest.skip(str(exc))
    return spec

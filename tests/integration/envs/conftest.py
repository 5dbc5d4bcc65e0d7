import pytest

from agentrl.errors import UsageError
from agentrl.sandboxes.connect import connect
from agentrl.suite.sandbox import SandboxSpec


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

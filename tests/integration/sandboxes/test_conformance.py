"""Every backend keeps the promises of a sandbox."""

from collections.abc import Callable
from functools import cache

import pytest

from agentrl.errors import UsageError
from agentrl.sandboxes.base import Backend, Sandbox
from agentrl.sandboxes.connect import connect
from agentrl.suite.sandbox import SandboxSpec
from agentrl.testing.sandboxes import BACKEND_CHECKS, CHECKS, LIMIT_CHECKS

BACKENDS = (pytest.param("docker", marks=pytest.mark.docker), "bubblewrap")


@cache
def reach(name: str) -> tuple[Backend, str] | str:
    try:
        backend = connect(SandboxSpec.model_validate({"backend": name}))
        return backend, backend.base_image()
    except UsageError as exc:
        return str(exc)


@pytest.fixture(params=BACKENDS)
def bench(request: pytest.FixtureRequest) -> tuple[Backend, str]:
    reached = reach(request.param)
    if isinstance(reached, str):
        pytest.skip(reached)
    return reached


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sandbox_keeps_its_promise(
    bench: tuple[Backend, str], check: Callable[..., None]
) -> None:
    check(starter(*bench))


@pytest.mark.parametrize("limit", LIMIT_CHECKS)
def test_a_sandbox_keeps_a_limit_that_its_backend_enforces(
    bench: tuple[Backend, str], limit: str
) -> None:
    if limit not in getattr(bench[0], "enforced_limits", LIMIT_CHECKS):
        pytest.skip(f"{bench[0].name} cannot enforce {limit} here")
    LIMIT_CHECKS[limit](starter(*bench))


@pytest.mark.parametrize("check", BACKEND_CHECKS, ids=lambda check: check.__name__)
def test_a_backend_keeps_its_promise(
    bench: tuple[Backend, str], check: Callable[..., None]
) -> None:
    check(*bench)


def starter(backend: Backend, image: str) -> Callable[..., Sandbox]:
    return lambda **keys: backend.start(image, SandboxSpec.model_validate(keys))

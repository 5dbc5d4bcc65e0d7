"""Every backend keeps the promises of a sandbox."""

from collections.abc import Callable

import pytest

from agentrl.sandboxes.base import Backend
from agentrl.testing.sandboxes import BACKEND_CHECKS, CHECKS, LIMIT_CHECKS
from agentrl.testing.sandboxes.bench import Start


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sandbox_keeps_its_promise(start: Start, check: Callable[..., None]) -> None:
    check(start)


@pytest.mark.parametrize("limit", LIMIT_CHECKS)
def test_a_sandbox_keeps_a_limit_that_its_backend_enforces(
    backend: Backend, start: Start, limit: str
) -> None:
    if limit not in getattr(backend, "enforced_limits", LIMIT_CHECKS):
        pytest.skip(f"{backend.name} cannot enforce {limit} here")

    LIMIT_CHECKS[limit](start)


@pytest.mark.parametrize("check", BACKEND_CHECKS, ids=lambda check: check.__name__)
def test_a_backend_keeps_its_promise(backend: Backend, check: Callable[..., None]) -> None:
    check(backend, backend.base_image())

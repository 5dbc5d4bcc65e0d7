"""Conformance checks for sandboxes: what every ``Sandbox`` and ``Backend`` promises, tried out.

Each check starts the sandboxes it needs, closes them, and raises ``AssertionError`` with a text
that says which promise is broken. In a test::

    backend = MyBackend()

    def start(**keys):
        return backend.start(backend.base_image(), SandboxSpec(**keys))

    @pytest.mark.parametrize("check", CHECKS)
    def test_my_sandbox_keeps_its_promises(check) -> None:
        check(start)
"""

from collections.abc import Callable, Iterable, Mapping

from agentrl.sandboxes.base import Backend
from agentrl.suite.sandbox import SandboxSpec
from agentrl.testing.sandboxes import backends, channel, endings, isolation, programs, shell, users
from agentrl.testing.sandboxes import files as _files
from agentrl.testing.sandboxes.bench import Start

Check = Callable[[Start], None]

CHECKS: tuple[Check, ...] = (
    *shell.CHECKS,
    *channel.CHECKS,
    *endings.CHECKS,
    *programs.CHECKS,
    *_files.CHECKS,
    *users.CHECKS,
    *isolation.CHECKS,
)
"""What holds of every sandbox."""

LIMIT_CHECKS: Mapping[str, Check] = isolation.LIMIT_CHECKS
"""What holds where the backend can enforce a limit, by the limit's name in ``SandboxSpec``."""

BACKEND_CHECKS: tuple[Callable[[Backend, str], None], ...] = backends.CHECKS
"""What holds of a backend and an image of it."""


def check_sandbox(start: Start, limits: Iterable[str] = tuple(LIMIT_CHECKS)) -> None:
    """Run every check of a sandbox.

    Args:
        start: starts a sandbox from a specification's keys.
        limits: the limits that the backend enforces.

    Raises:
        AssertionError: a promise is broken; the text says which.
    """
    for check in (*CHECKS, *(LIMIT_CHECKS[limit] for limit in limits)):
        check(start)


def check_backend(
    backend: Backend, image: str, limits: Iterable[str] = tuple(LIMIT_CHECKS)
) -> None:
    """Run every check of a backend, with sandboxes that start from ``image``.

    Raises:
        AssertionError: a promise is broken; the text says which.
    """
    check_sandbox(lambda **keys: backend.start(image, SandboxSpec.model_validate(keys)), limits)
    for check in BACKEND_CHECKS:
        check(backend, image)

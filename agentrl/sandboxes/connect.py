"""Which backend a suite gets."""

import logging
import os
from contextlib import suppress
from functools import cache

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import Backend
from agentrl.suite.sandbox import SandboxSpec

logger = logging.getLogger(__name__)


def connect(spec: SandboxSpec) -> Backend:
    """Return the backend that a suite asks for; sandboxes left behind are removed first.

    One backend serves a whole process.

    Raises:
        UsageError: the chosen one is not to be had here; says how to have it.
    """
    chosen = spec.backend
    if chosen == "auto":
        chosen = "docker" if engine_answers() else "bubblewrap"
    return _connect(chosen, os.getpid())


@cache
def engine_answers() -> bool:
    """Return whether a Docker engine answers; asked once a process."""
    from agentrl.sandboxes.docker.engine import engine_answers as answers

    return answers()


def open_backend(name: str) -> Backend:
    """Return a backend by its name.

    Raises:
        UsageError: it is not to be had here.
    """
    if name == "docker":
        if not engine_answers():
            raise UsageError(_no_engine())
        from agentrl.sandboxes.docker.backend import DockerBackend

        return DockerBackend()
    from agentrl.sandboxes.bubblewrap.backend import BubblewrapBackend

    return BubblewrapBackend()


def backends_here() -> list[Backend]:
    """Return every backend that is to be had on this machine."""
    found: list[Backend] = []
    for name in ("docker", "bubblewrap"):
        with suppress(UsageError):
            found.append(open_backend(name))
    return found


@cache
def _connect(name: str, _process: int) -> Backend:
    backend = open_backend(name)
    try:
        count = backend.sweep()
    except SandboxError as exc:
        logger.warning("sandboxes left behind could not be removed: %s", exc)
    else:
        if count:
            logger.info("removed %d sandboxes that a process had left behind", count)
    return backend


def _no_engine() -> str:
    where = os.environ.get("DOCKER_HOST", "its usual socket")
    return (
        f"sandbox.backend is docker, but no Docker engine answers at {where}. Install and start "
        f"one (`sudo apt-get install docker.io`, then `sudo dockerd`), set DOCKER_HOST, or choose "
        f"bubblewrap"
    )

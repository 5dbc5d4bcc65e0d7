"""The Docker engine: how it is reached, and what its errors mean."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from agentrl.errors import SandboxError

logger = logging.getLogger(__name__)

CALL_S = 120.0
"""How long the engine may take to answer an ordinary call."""

LONG_CALL_S = 1800.0
"""How long it may keep silent while it writes, fetches or builds an image."""

_PROBE_S = 5.0
_SOCKET = "unix:///var/run/docker.sock"


def engine_answers() -> bool:
    """Return whether a Docker engine answers, within a few seconds."""
    from docker.errors import DockerException

    try:
        client = _client(_PROBE_S)
    except (DockerException, OSError) as exc:
        logger.debug("no Docker engine: %s", exc)
        return False
    client.close()
    return True


def engine(timeout_s: float = CALL_S) -> Any:
    """Return the connection to the engine, a ``docker.APIClient``; one a process and timeout.

    Raises:
        SandboxError: it does not answer.
    """
    return _engine(timeout_s, os.getpid())


@cache
def _engine(timeout_s: float, _process: int) -> Any:
    with engine_errors("reach the Docker engine"):
        _client(_PROBE_S).close()
        return _client(timeout_s)


def _client(timeout_s: float) -> Any:
    import docker
    from docker.utils import kwargs_from_env

    where = kwargs_from_env()
    _knock(where.get("base_url", _SOCKET))
    return docker.APIClient(timeout=timeout_s, max_pool_size=64, **where)


def _knock(url: str) -> None:
    """Raise the error of a socket that nobody listens at; the SDK would leave it open."""
    scheme, _, path = url.partition("://")
    if scheme in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(_PROBE_S)
            knocking.connect(path)


@cache
def processors() -> int:
    """Return how many processors the engine has."""
    with engine_errors("ask the Docker engine what it has"):
        return int(engine().info()["NCPU"])


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn what the engine or the way to it raises into a ``SandboxError``.

    Args:
        what: was tried, after "could not".
    """
    import requests
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, requests.RequestException, OSError) as exc:
        raise SandboxError(f"could not {what}: {_said(exc)}{_advice(exc)}") from exc


def _said(exc: BaseException) -> str:
    text = getattr(exc, "explanation", None) or exc
    return " ".join(str(text).split())


def _advice(exc: BaseException) -> str:
    from docker.errors import APIError

    text = str(exc)
    where = os.environ.get("DOCKER_HOST", "its usual socket")
    if "no space left" in text:
        return "; free some disk: `agentrl sandbox prune --images` removes what agentrl has made"
    if "No such container" in text or "No such exec" in text or "is not running" in text:
        return "; somebody removed the sandbox while it was in use, or its lifetime_s is over"
    if isinstance(exc, APIError):
        return ""
    if "timed out" in text:
        return f"; the Docker engine at {where} does not answer: is it overloaded?"
    return f"; no Docker engine answers at {where}: start it, or set DOCKER_HOST"

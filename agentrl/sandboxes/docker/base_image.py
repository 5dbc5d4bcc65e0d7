"""The image with Python and git that agentrl makes itself."""

import hashlib
import logging

from agentrl.sandboxes.docker.build import build_as
from agentrl.sandboxes.docker.images import inspect_image
from agentrl.sandboxes.docker.registry import registry_has
from agentrl.sandboxes.docker.rootfs import RECIPE, import_rootfs
from agentrl.sandboxes.lock import one_at_a_time

logger = logging.getLogger(__name__)

_FROM = "python:3.11-slim"
_DOCKERFILE = f"""\
FROM {_FROM}
RUN apt-get update \\
 && apt-get install -y --no-install-recommends ca-certificates git patch procps \\
 && rm -rf /var/lib/apt/lists/*
ENV LANG=C.UTF-8
"""


def base_image() -> str:
    """Return the base image's name; it is made where it is missing, which takes a minute.

    Where a registry answers it is Docker's own Python image with git; else it is made from Debian's
    packages.

    Raises:
        UsageError: neither can be had; says what is lacking.
        SandboxError: the engine fails.
    """
    built, imported = (f"agentrl/base:{_digest(text)}" for text in (_DOCKERFILE, RECIPE))
    for name in (built, imported):
        if inspect_image(name) is not None:
            return name
    with one_at_a_time("base-image"):
        for name in (built, imported):
            if inspect_image(name) is not None:
                return name
        return _make(built, imported)


def _make(built: str, imported: str) -> str:
    if registry_has(_FROM):
        logger.info("building the base image from %s", _FROM)
        build_as(built, _DOCKERFILE)
        return built
    logger.info("making the base image from Debian's packages; this takes about a minute")
    import_rootfs(imported)
    return imported


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]

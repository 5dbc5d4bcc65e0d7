"""A trace on disk of each process that has sandboxes, for the next command to find.

Asking an engine for what was left behind takes a while, and most of the time there is nothing: so
a process that starts a sandbox leaves a file, and takes it away when it has closed them all. A file
whose process is gone tells that there is something to sweep.
"""

import logging
from contextlib import suppress
from pathlib import Path

from agentrl.cache import cache_folder
from agentrl.errors import AgentrlError
from agentrl.sandboxes.owner import current_owner, is_gone

logger = logging.getLogger(__name__)


def leave_trace(backend: str) -> None:
    """Note that this process has sandboxes of a backend; a cache that is not writable is none."""
    path = _folder() / f"{current_owner()}@{backend}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as exc:
        logger.debug("no trace of this process's sandboxes can be left: %s", exc)


def remove_trace(backend: str) -> None:
    """Note that this process has closed them all."""
    with suppress(OSError):
        (_folder() / f"{current_owner()}@{backend}").unlink()


def sweep_abandoned() -> int:
    """Remove the sandboxes that processes left behind which are gone, and return how many.

    Asks a backend only where a trace says that there is something to sweep; a backend that does
    not answer is left for the next time.
    """
    abandoned = [path for path in _traces() if is_gone(path.name.rpartition("@")[0])]
    swept = 0
    for backend in sorted({path.name.rpartition("@")[2] for path in abandoned}):
        mine = [path for path in abandoned if path.name.endswith(f"@{backend}")]
        try:
            swept += _sweep(backend)
        except AgentrlError as exc:
            logger.debug("sandboxes left behind cannot be removed now: %s", exc)
            continue
        for path in mine:
            path.unlink(missing_ok=True)
    return swept


def _sweep(backend: str) -> int:
    from agentrl.sandboxes.connect import open_backend

    count = open_backend(backend).sweep()
    if count:
        logger.info("removed %d sandboxes that a process had left behind", count)
    return count


def _traces() -> list[Path]:
    try:
        return sorted(_folder().iterdir())
    except OSError:
        return []


def _folder() -> Path:
    return cache_folder() / "sandboxes" / "leases"

"""Whether the engine finds images elsewhere than here."""

import json
import logging
import threading
import time
from pathlib import Path

from agentrl.cache import cache_folder
from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.docker.images import inspect_image, pull_image

logger = logging.getLogger(__name__)

_PATIENCE_S = 20.0
_REMEMBERED_S = 3600.0


def registry_has(image: str) -> bool:
    """Return whether ``image`` is here, or could be fetched now.

    A registry that does not begin to answer within 20 seconds counts as none, and is not asked
    again for an hour.
    """
    if inspect_image(image) is not None:
        return True
    if _silent_since() > time.time() - _REMEMBERED_S:
        return False
    logger.info("fetching %s", image)
    if _pulled(image):
        return True
    _remember_silence()
    return False


def _pulled(image: str) -> bool:
    done = threading.Event()
    begun = threading.Event()
    failed: list[str] = []

    def pull() -> None:
        try:
            pull_image(image, begun.set)
        except (SandboxError, UsageError) as exc:
            failed.append(str(exc))
        done.set()
        begun.set()

    threading.Thread(target=pull, name="agentrl-pull", daemon=True).start()
    if not begun.wait(_PATIENCE_S):
        logger.info("no registry answers within %.0f s", _PATIENCE_S)
        return False
    done.wait()
    for reason in failed:
        logger.info("no registry: %s", reason)
    return not failed


def _silent_since() -> float:
    try:
        return float(json.loads(_note().read_text())["silent_since"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _remember_silence() -> None:
    _note().parent.mkdir(parents=True, exist_ok=True)
    _note().write_text(json.dumps({"silent_since": time.time()}))


def _note() -> Path:
    return cache_folder() / "sandboxes" / "registry.json"

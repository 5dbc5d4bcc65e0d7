"""Where agentrl keeps what it would otherwise make or fetch again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the root of the cache: ``AGENTRL_CACHE``, or ``~/.cache/agentrl``; it may not exist.

    Nothing in it is needed: what is deleted is made again.
    """
    chosen = os.environ.get("AGENTRL_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".cache" / "agentrl"

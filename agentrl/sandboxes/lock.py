"""Work that one process of this machine does for all."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from agentrl.cache import cache_folder
from agentrl.errors import StorageError


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Let only one process and thread of this machine do ``what``, a word; the others wait.

    Raises:
        StorageError: the cache cannot be written.
    """
    folder = cache_folder() / "sandboxes"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{what}.lock").open("w")
    except OSError as exc:
        raise StorageError(
            f"{folder} cannot be written: {exc.strerror}; make room there or set AGENTRL_CACHE to "
            f"another folder"
        ) from exc
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

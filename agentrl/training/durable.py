"""Writing to disk so that a killed process, a power cut or a full disk spoils nothing."""

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

from agentrl.errors import AgentrlError, CheckpointError, StorageError

_RUST_ERROR = re.compile(r"\(os error (\d+)\)")
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.ENODEV}


class StorageErrors(AbstractContextManager[None]):
    """Turns what a disk refuses, whoever reports it, into a ``StorageError`` about ``path``.

    torch, safetensors and tokenizers each report a full disk by an exception of another class.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, AgentrlError) or (reason := _refusal(error)) is None:
            return
        raise StorageError(
            f"cannot write {self._path}: {reason}; make room or repair the permissions, then "
            f"resume (what was written before is kept)"
        ) from error


def sync_tree(folder: Path) -> None:
    """Wait until every file and folder under ``folder`` is on the disk itself."""
    for parent, _, names in os.walk(folder):
        for name in names:
            sync(Path(parent, name))
        sync(Path(parent))


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold ``file`` as a lock that the system lets go of when this process dies.

    Raises:
        CheckpointError: another process holds it.
    """
    with file.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(
                f"{file.parent} is being written by another process; wait for it or name another "
                f"folder"
            ) from None
        yield


def _refusal(error: BaseException | None) -> str | None:
    """Return what the system said if a disk is behind the error, else None."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    while error is not None:
        number = error.errno if isinstance(error, OSError) else _rust_errno(error)
        if number in _DISK:
            return os.strerror(number)
        error = error.__cause__ or error.__context__
    return None


def _rust_errno(error: BaseException) -> int | None:
    found = _RUST_ERROR.search(str(error))
    return int(found[1]) if found else None

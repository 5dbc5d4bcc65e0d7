"""Folders of the cache that are filled once, whoever asks first."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agentrl.cache import cache_folder
from agentrl.errors import StorageError

_SEAL = "SHA256SUMS"


def filled(kind: str, key: str, fill: Callable[[Path], None]) -> tuple[Path, ...]:
    """Return the files of one entry of the cache, having ``fill`` make them where they are missing.

    An entry is filled in a folder beside its place under a file lock, sealed with the digests of
    its files, and renamed; one whose files do not match the seal is filled again.

    Args:
        kind: folder of the entries of this kind, such as ``wheels``.
        key: name of the entry in it; may hold slashes.
        fill: writes the files, no folders, into the folder it is given.

    Raises:
        StorageError: the cache cannot be written.
    """
    entry = cache_folder() / "swe" / kind / key
    if files := _sealed_files(entry):
        return files
    with _locked(entry):
        if files := _sealed_files(entry):
            return files
        return _fill(entry, fill)


def _fill(entry: Path, fill: Callable[[Path], None]) -> tuple[Path, ...]:
    folder = entry.with_name(f"{entry.name}.tmp")
    with _storing(entry):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    try:
        fill(folder)
        with _storing(entry):
            _seal(folder)
            shutil.rmtree(entry, ignore_errors=True)
            folder.rename(entry)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _sealed_files(entry)


def _seal(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    lines = [f"{digest(folder / name)}  {name}\n" for name in names]
    (folder / _SEAL).write_text("".join(lines), encoding="utf-8")


def _sealed_files(entry: Path) -> tuple[Path, ...]:
    """Return the entry's files; none where it is not there or not whole."""
    try:
        lines = (entry / _SEAL).read_text(encoding="utf-8").splitlines()
        files = [(line[:64], entry / line[66:]) for line in lines]
        whole = all(digest(path) == expected for expected, path in files)
    except OSError:
        return ()
    return tuple(path for _, path in files) if whole else ()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked(entry: Path) -> Iterator[None]:
    with _storing(entry):
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock = entry.with_name(f"{entry.name}.lock").open("w")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _storing(entry: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"the cache at {entry.parent} cannot be written: {exc}; make room there or set "
            f"AGENTRL_CACHE to another folder"
        ) from exc

"""Compiled games on disk, found by what they were made from.

An entry is a folder with the game (``game.z8``), TextWorld's description of it (``game.json``) and
a manifest with their digests. It is made in a temporary folder under a file lock and then renamed,
so several processes may ask for the same game at once; an entry that does not match its manifest
is made again.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agentrl.cache import cache_folder
from agentrl.errors import StorageError

FORMAT = 1
"""Raised when an entry's layout or the way games are made changes."""

GAME = "game.z8"
DESCRIPTION = "game.json"
_MANIFEST = "manifest.json"


def entry_folder(settings: Mapping[str, Any], seed: int) -> Path:
    """Return where the game of these settings and seed belongs, whether it is there or not."""
    what = {"format": FORMAT, "textworld": _textworld(), "settings": settings, "seed": seed}
    key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    return cache_folder() / "textworld" / key[:2] / key[2:34]


def is_whole(entry: Path) -> bool:
    """Return whether the entry holds exactly what was once stored in it."""
    try:
        manifest = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest["sha256"] == _digests(entry))
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def filling(entry: Path, settings: Mapping[str, Any], seed: int) -> Iterator[Path | None]:
    """Give a folder to make the game in, or None where another process was faster.

    The caller writes ``game.z8`` and ``game.json`` into it; leaving the context stores them.

    Raises:
        StorageError: the cache cannot be written.
    """
    try:
        with _locked(entry):
            if is_whole(entry):
                yield None
                return
            folder = entry.with_name(f"{entry.name}.tmp")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder
                _store(folder, entry, settings, seed)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as exc:
        raise StorageError(
            f"the cache of games at {cache_folder()} cannot be written: {exc}; make room there or "
            f"set AGENTRL_CACHE to another folder"
        ) from exc


def _store(folder: Path, entry: Path, settings: Mapping[str, Any], seed: int) -> None:
    manifest = {"settings": settings, "seed": seed, "sha256": _digests(folder)}
    for leftover in folder.iterdir():
        if leftover.name not in (GAME, DESCRIPTION):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    shutil.rmtree(entry, ignore_errors=True)
    folder.rename(entry)


@contextmanager
def _locked(entry: Path) -> Iterator[None]:
    entry.parent.mkdir(parents=True, exist_ok=True)
    with (entry.parent / f"{entry.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digests(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (GAME, DESCRIPTION)
    }


@lru_cache(maxsize=1)
def _textworld() -> str:
    return version("textworld")

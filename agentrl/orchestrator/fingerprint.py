"""What a pool's answers hang on: its section of the suite, and what that only names.

A recording, a program's source, a file of its options or the weights of a checkpoint may change
while the suite stays as it is. Answers that were kept before must not be given for it then.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from agentrl.orchestrator.program import BUILTINS
from agentrl.suite.orchestrator import PoolSpec
from agentrl.suite.worker import ProgramWorkerSpec, ReplayWorkerSpec, WorkerSpec

_BLOCK = 1 << 20


def pool_fingerprint(spec: PoolSpec) -> str:
    """Return a digest that differs for pools that may answer otherwise.

    It covers the section itself; of a recording its content; of a program's function the source of
    its module, but not of what that imports; of files that a program's options name their content;
    of checkpoints and run folders the names, sizes and times of their files. In one process a
    section has one digest, because its workers are built once.
    """
    return _digest(spec.model_dump_json())


def forget_fingerprints() -> None:
    """Look at the files again the next time; goes with closing the pools that read them."""
    _digest.cache_clear()
    _content.cache_clear()


@cache
def _digest(section: str) -> str:
    spec = PoolSpec.model_validate_json(section)
    digest = hashlib.sha256(section.encode())
    for name, worker in spec.workers.items():
        for part in _behind(worker, spec.recordings):
            digest.update(f"\0{name}\0{part}".encode())
    return digest.hexdigest()


def _behind(worker: WorkerSpec, recordings: str | None) -> Iterator[str]:
    """Yield what a worker's section only names, as it is now."""
    if isinstance(worker, ReplayWorkerSpec):
        yield _content(Path(worker.file or recordings or ""))
    elif isinstance(worker, ProgramWorkerSpec):
        yield _source(worker.function)
        yield from _named_files(worker.options)
    else:
        yield from _folders(worker.model_dump(mode="json"))


def _source(function: str) -> str:
    module = BUILTINS.get(function, function).partition(":")[0]
    here = str(Path.cwd())
    if here not in sys.path:  # as for the function itself
        sys.path.append(here)
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return ""
    return _content(Path(found.origin)) if found is not None and found.origin else ""


def _named_files(options: Any) -> Iterator[str]:
    if isinstance(options, dict):
        options = list(options.values())
    if isinstance(options, list | tuple):
        for option in options:
            yield from _named_files(option)
    elif isinstance(options, str) and _exists(Path(options)) and Path(options).is_file():
        yield _content(Path(options))


def _folders(section: Any, key: str = "") -> Iterator[str]:
    if isinstance(section, dict):
        for name, value in section.items():
            yield from _folders(value, name)
    elif key in ("checkpoint", "run") and isinstance(section, str) and _exists(Path(section)):
        path = Path(section)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                about = file.stat()
                yield f"{file.relative_to(path)}:{about.st_size}:{about.st_mtime_ns}"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a text that is much too long for a path
        return False


@cache
def _content(path: Path) -> str:
    """Return the digest of a file, or of the files of a folder; nothing where it cannot be read."""
    digest = hashlib.sha256()
    try:
        files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(f"\0{file.relative_to(path)}\0".encode())
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()

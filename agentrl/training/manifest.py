"""``checkpoint.json``: what a checkpoint holds, so that a damaged one is never resumed from."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agentrl import __version__
from agentrl.errors import CheckpointError
from agentrl.models.checkpoint import read_json

MANIFEST = "checkpoint.json"
FORMAT = 1
"""Raised when checkpoints of an earlier version can no longer be resumed from."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file of a checkpoint must be."""

    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a checkpoint says of itself."""

    step: int
    score: float | None
    agentrl: str
    """Version of agentrl that wrote it."""
    files: dict[str, FileFacts]
    """Every other file, by its path in the folder."""


def write_manifest(folder: Path, step: int, score: float | None) -> None:
    """Describe the files that are in ``folder`` now."""
    files = {
        file.relative_to(folder).as_posix(): FileFacts(file.stat().st_size, _sha256(file))
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    manifest = Manifest(step, score, __version__, files)
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=2, allow_nan=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Return what a checkpoint says of itself.

    Raises:
        CheckpointError: it says nothing, something else, or is of another format version.
    """
    data = read_json(folder / MANIFEST)
    if not data:
        raise CheckpointError(f"{folder}: no {MANIFEST} in it, so it is no whole checkpoint{_HELP}")
    if data.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder}: format {data.get('format')!r}, written by agentrl {data.get('agentrl')}; "
            f"this agentrl {__version__} reads format {FORMAT}: resume with the version that "
            f"wrote it. As a model it can be loaded all the same"
        )
    try:
        return _parsed(data)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise CheckpointError(
            f"{folder / MANIFEST}: not as agentrl writes it ({type(exc).__name__}: {exc}){_HELP}"
        ) from None


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest, byte for byte; further files are none of its business.

    Raises:
        CheckpointError: a file is missing, shorter, longer or other than it was written.
    """
    for name, facts in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise CheckpointError(f"{folder}: {name} is missing{_HELP}")
        if (size := file.stat().st_size) != facts.size:
            raise CheckpointError(f"{file}: {size} bytes, expected {facts.size}{_HELP}")
    for name, facts in manifest.files.items():
        if _sha256(folder / name) != facts.sha256:
            raise CheckpointError(f"{folder / name}: not the bytes that were written{_HELP}")


_HELP = (
    ": it was damaged or edited; copy the checkpoint again, or delete its folder to go on from "
    "the one before"
)


def _parsed(data: dict[str, Any]) -> Manifest:
    score = data["score"]
    return Manifest(
        step=int(data["step"]),
        score=None if score is None else float(score),
        agentrl=str(data["agentrl"]),
        files={
            str(name): FileFacts(int(facts["size"]), str(facts["sha256"]))
            for name, facts in data["files"].items()
        },
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

"""Which run of a service belongs to a run folder, so that a resumed run goes on there."""

import json
from pathlib import Path

from agentrl.training.durable import StorageErrors

IDENTITIES = "trackers.json"


def identity_of(folder: Path, service: str) -> str | None:
    """Return the id that a service knows the run by; None for one that it does not know."""
    return _read(folder).get(service)


def remember_identity(folder: Path, service: str, identity: str) -> None:
    """Keep the id that a service knows the run by.

    Raises:
        StorageError: the folder cannot be written.
    """
    file = folder / IDENTITIES
    temporary = folder / f".{IDENTITIES}.tmp"
    with StorageErrors(file):
        temporary.write_text(json.dumps({**_read(folder), service: identity}), encoding="utf-8")
        temporary.replace(file)


def _read(folder: Path) -> dict[str, str]:
    file = folder / IDENTITIES
    identities: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return identities

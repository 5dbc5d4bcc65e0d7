"""The note that lies beside every sandbox: who started it, and until when."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import Lease
from agentrl.sandboxes.owner import current_owner, current_run, is_gone

_FILE = "lease.json"
_HALF_MADE_S = 600.0


def new_folder(sandboxes: Path, image: str, lifetime_s: float) -> Path:
    """Make the folder of a sandbox, with its lease in it from the first moment.

    Raises:
        SandboxError: the disk refuses.
    """
    name = f"agentrl-{uuid4().hex[:12]}"
    half = sandboxes / f".{name}"
    lease = Lease(
        id=name,
        image=image,
        owner=current_owner(),
        run=current_run(),
        expires=time.time() + lifetime_s,
        started=time.time(),
        orphan=False,
    )
    try:
        (half / "processes").mkdir(parents=True)
        (half / _FILE).write_text(json.dumps(asdict(lease)))
        half.rename(sandboxes / name)
    except OSError as exc:
        raise SandboxError(f"{half} cannot be made: {exc.strerror}") from exc
    return sandboxes / name


def read_leases(sandboxes: Path) -> list[Lease]:
    """Return the leases of all sandboxes in a folder."""
    found = [_read(path) for path in sandboxes.glob(f"*/{_FILE}")]
    return [lease for lease in found if lease is not None]


def half_made(sandboxes: Path) -> list[Path]:
    """Return folders that were given up before their lease was in place."""
    old = time.time() - _HALF_MADE_S
    folders = sandboxes.glob(".agentrl-*")
    return [folder for folder in folders if folder.stat().st_mtime < old]


def note_process(sandbox: Path, pid: int) -> None:
    """Write down a process that leads a namespace of the sandbox."""
    with suppress(OSError):  # it may have ended, or the sandbox been swept away
        (sandbox / "processes" / f"{pid}-{_start_time(pid)}").touch()


def forget_process(sandbox: Path, pid: int) -> None:
    """Strike out a process that has ended."""
    for path in (sandbox / "processes").glob(f"{pid}-*"):
        path.unlink(missing_ok=True)


def kill_processes(sandbox: Path) -> None:
    """Kill what leads the sandbox's namespaces; the kernel ends the rest with it."""
    for path in (sandbox / "processes").glob("*-*"):
        pid, _, start = path.name.partition("-")
        with suppress(OSError, ValueError):
            if _start_time(int(pid)) == start:
                os.kill(int(pid), signal.SIGKILL)


def _read(path: Path) -> Lease | None:
    try:
        lease = Lease(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None  # removed meanwhile
    orphan = is_gone(lease.owner) or lease.expires < time.time()
    return Lease(**{**asdict(lease), "orphan": orphan})


def _start_time(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]

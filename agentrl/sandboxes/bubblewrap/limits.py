"""Limits: control groups where they can be made, else what the kernel counts by process."""

import logging
import os
import re
import signal
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from agentrl.suite.sandbox import SandboxSpec

logger = logging.getLogger(__name__)

_ROOT = Path("/sys/fs/cgroup")
_OURS = "agentrl"
_CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD_US = 100_000
_FILE_BYTES = 8 * 2**30
_OPEN_FILES = 4096
_USES = {"shell": 5, "run": 4}
"""What a sandbox starts processes for, and how many of them are our own. Each use is counted apart,
so that a sandbox whose shell has used up its processes can still be looked at."""


class ControlGroup:
    """The control groups of one sandbox.

    Args:
        name: of the sandbox.
        spec: the limits.
    """

    def __init__(self, name: str, spec: SandboxSpec) -> None:
        self._folders = _folders(name)
        for folder in self._folders:
            for use in _USES:
                (folder / use).mkdir(parents=True, exist_ok=True)
        self._set(spec)

    def joins(self, use: str) -> tuple[Path, ...]:
        """Return the files that a process for this use, ``shell`` or ``run``, joins."""
        return tuple(folder / use / "cgroup.procs" for folder in self._folders)

    def _set(self, spec: SandboxSpec) -> None:
        quota = int(spec.cpus * _PERIOD_US)
        if _unified():
            for controller in _CONTROLLERS:
                _write(self._folders, "cgroup.subtree_control", f"+{controller}")
            _write(self._folders, "memory.max", spec.memory_mb << 20)
            _write(self._folders, "memory.swap.max", 0)
            _write(self._folders, "cpu.max", f"{quota} {_PERIOD_US}")
        else:
            _write(self._folders, "memory.use_hierarchy", 1)
            _write(self._folders, "memory.limit_in_bytes", spec.memory_mb << 20)
            _write(self._folders, "memory.memsw.limit_in_bytes", spec.memory_mb << 20)
            _write(self._folders, "cpu.cfs_period_us", _PERIOD_US)
            _write(self._folders, "cpu.cfs_quota_us", quota)
        for use, own in _USES.items():
            _write([f / use for f in self._folders], "pids.max", spec.pids + own)


def remove_group(name: str) -> None:
    """Kill what is left in a sandbox's control groups, and remove them."""
    for folder in _folders(name):
        for part in (*(folder / use for use in _USES), folder):
            _remove(part)


@cache
def enforced_limits() -> frozenset[str]:
    """Return which of ``SandboxSpec``'s limits hold for a sandbox as a whole."""
    names = {"memory": "memory_mb", "pids": "pids", "cpu": "cpus"}
    return frozenset(names[controller] for controller in _usable())


def process_limits(spec: SandboxSpec) -> tuple[str, ...]:
    """Return a command line's beginning that sets each process's limits."""
    limits = ["--core=0", f"--fsize={_FILE_BYTES}", f"--nofile={_OPEN_FILES}"]
    if "memory_mb" not in enforced_limits():
        limits.append(f"--data={spec.memory_mb << 20}")
    if "pids" not in enforced_limits() and _counts_by_namespace():
        limits.append(f"--nproc={spec.pids + max(_USES.values())}")
    return ("prlimit", *limits, "--")


def unenforced() -> tuple[str, ...]:
    """Return, as sentences, what of a specification cannot be enforced here."""
    lacking = []
    if "memory_mb" not in enforced_limits():
        lacking.append("memory_mb limits each process, not the sandbox as a whole")
    if "pids" not in enforced_limits():
        how = "is counted by user namespace" if _counts_by_namespace() else "is not limited"
        lacking.append(f"pids {how}")
    if "cpus" not in enforced_limits():
        lacking.append("cpus is not limited")
    return (*lacking, "the disk that a sandbox fills is not limited")


@cache
def _usable() -> tuple[str, ...]:
    """Return the controllers whose groups can be made by this process."""
    if _unified():
        return _CONTROLLERS if _delegated() else ()
    return tuple(name for name in _CONTROLLERS if _can_make(_ROOT / name / _OURS))


def _delegated() -> bool:
    ours = _ROOT / _OURS
    if not _can_make(ours):
        return False
    with suppress(OSError):
        for controller in _CONTROLLERS:
            (ours / "cgroup.subtree_control").write_text(f"+{controller}")
        return True
    return False


def _can_make(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        return os.access(folder, os.W_OK) and (folder / "cgroup.procs").exists()
    return False


def _unified() -> bool:
    return (_ROOT / "cgroup.controllers").exists()


def _folders(name: str) -> list[Path]:
    if _unified():
        return [_ROOT / _OURS / name] if _usable() else []
    return [_ROOT / controller / _OURS / name for controller in _usable()]


def _write(folders: list[Path], file: str, value: object) -> None:
    """Set a value in whichever group has such a file."""
    for folder in folders:
        with suppress(FileNotFoundError):
            (folder / file).stat()
            try:
                (folder / file).write_text(str(value))
            except OSError as exc:
                logger.warning("%s cannot be set to %s: %s", folder / file, value, exc.strerror)


def _remove(folder: Path) -> None:
    for attempt in range(50):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            _kill_all(folder)
            time.sleep(0.002 * (attempt + 1))
        else:
            return
    logger.warning("%s cannot be removed: something still runs in it", folder)


def _kill_all(folder: Path) -> None:
    with suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)


def _counts_by_namespace() -> bool:
    """Return whether the kernel counts processes by user namespace, as it does since 5.14."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return bool(release) and (int(release[1]), int(release[2])) >= (5, 14) if release else False

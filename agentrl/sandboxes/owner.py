"""Who started a sandbox, so that others can tell whether it is still wanted."""

import os
import socket
from functools import cache
from pathlib import Path

RUN_VARIABLE = "AGENTRL_RUN"
"""Environment variable with the id of the run that a process works for."""


def current_owner() -> str:
    """Return this process as ``host:pid:start time``; the time tells it from a later namesake."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_start_time(pid) or 0}"


def work_for(run: str) -> None:
    """Say which run this process and those that it starts work for, to label their sandboxes."""
    os.environ[RUN_VARIABLE] = run


def current_run() -> str:
    """Return the run that this process works for: ``AGENTRL_RUN``, empty outside runs."""
    return os.environ.get(RUN_VARIABLE, "")


def is_gone(owner: str) -> bool:
    """Return whether the process is known to have ended; of other machines nothing is known.

    >>> is_gone(current_owner()), is_gone("elsewhere:1:5"), is_gone("unreadable")
    (False, False, False)
    """
    machine, _, rest = owner.rpartition(":")[0].rpartition(":")
    start = owner.rpartition(":")[2]
    if machine != _machine() or not rest.isdigit():
        return False
    return _start_time(int(rest)) != start


def _start_time(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        boot = ""
    return f"{socket.gethostname()}.{boot}".replace(":", "-")

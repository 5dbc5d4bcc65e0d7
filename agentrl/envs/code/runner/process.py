"""Starting what the judge does not trust: as the unprivileged user, in a session of its own."""

import os
import resource
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

AGENT_UID = 1000
LIB = "/opt/agentrl/lib"
_MOST_FILE_BYTES = 256 * 2**20
_PR_SET_DUMPABLE = 4
_WRITABLE = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/home/agent")

SUBJECT = (
    f"import sys; sys.path.insert(0, {LIB!r})\n"
    "from agentrl.envs.code.runner.subject import main\n"
    "del sys.path[0]\n"
    "main()"
)


def start(argv: "list[str]", folder: str, **more: Any) -> "subprocess.Popen[bytes]":
    """Start a program with nothing of the judge's environment."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "LANG": "C.UTF-8"}
    env["PYTHONHASHSEED"] = "0"  # the same program does the same each time
    return subprocess.Popen(
        argv, cwd=folder, env=env, preexec_fn=_step_down, start_new_session=True, **more
    )


def end(process: "subprocess.Popen[bytes]") -> int:
    """End a program and all of its session that did not leave; return its exit code."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(process.pid, signal.SIGKILL)
    return process.wait()


def sweep() -> None:
    """Remove the processes and files that programs have left behind, to measure in peace.

    Else a program could slow others down, or keep its results for the next time. Where the sandbox
    has one id for root and agent it does nothing.
    """
    if os.getuid() != 0 or not _killed_all():
        return
    for root in _WRITABLE:
        for folder, folders, files in os.walk(root, topdown=False):
            for name in (*files, *folders):
                _remove(Path(folder) / name)


def _killed_all() -> bool:
    """End all processes of the unprivileged user; return whether there is one."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(AGENT_UID)
            os.setuid(AGENT_UID)
            if os.getuid() == AGENT_UID:
                code = 0
                os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _remove(path: Path) -> None:
    with suppress(OSError):
        found = path.lstat()
        if found.st_uid == AGENT_UID:
            path.rmdir() if stat.S_ISDIR(found.st_mode) else path.unlink()


def hide() -> None:
    """Keep this process's memory from others, also from those of the same user."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def python() -> "list[str]":
    """Return how the program's own Python starts: it sees what is installed in the image."""
    return [sys.executable, "-s", "-B", "-W", "ignore"]


def _step_down() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE_BYTES, _MOST_FILE_BYTES))
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - between fork and exec
            file.write("1000")  # where memory gives out, the program goes and not the judge
    except OSError:
        pass
    if os.getuid() == 0:
        with suppress(OSError):  # a sandbox with one id for root and agent has no other to take
            os.setgroups([])
            os.setgid(AGENT_UID)
            os.setuid(AGENT_UID)

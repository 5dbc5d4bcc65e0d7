"""Runs a command, and ends it with everything it started as soon as the parent is gone.

Run as a script: ``python -I guard.py PARENT_PID COMMAND...``, in a session of its own. It needs the
standard library alone. The parent is watched rather than asked to clean up, because a killed
process cleans up nothing; a parent-death signal would not do, since it comes when the thread that
started the command ends, and does not reach the command's own children.
"""

import os
import signal
import subprocess
import sys
import time

PERIOD_S = 0.2
GRACE_S = 5.0


def main(parent: int, command: list[str]) -> None:
    """Run ``command`` until it ends, ``parent`` is gone or SIGTERM comes; never returns."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    process = subprocess.Popen(command)
    while process.poll() is None and not stopping and os.getppid() == parent:
        time.sleep(PERIOD_S)
    if process.poll() is None:
        process.terminate()
        _wait(process)
    sys.stderr.write(f"guard: the server ended with code {process.returncode}\n")
    sys.stderr.flush()
    os.killpg(0, signal.SIGKILL)  # what the command started, and this process


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

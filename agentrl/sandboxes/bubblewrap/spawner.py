"""The thread that starts the processes that must not outlive this process.

The kernel's death signal comes when the *thread* that started a process ends. Sandboxes are
started by threads that come and go, so one that lasts starts all processes for them.
"""

import os
import queue
import subprocess
import threading
from concurrent.futures import Future
from functools import cache
from typing import Any


def spawn(argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process as ``subprocess.Popen`` does, from the thread that lasts.

    Raises:
        OSError: it cannot be started.
    """
    return _spawner(os.getpid()).spawn(argv, options)


class _Spawner:
    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[
            tuple[list[str], dict[str, Any], Future[subprocess.Popen[bytes]]]
        ] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="agentrl-spawner", daemon=True).start()

    def spawn(self, argv: list[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
        started: Future[subprocess.Popen[bytes]] = Future()
        self._wanted.put((argv, options, started))
        return started.result()

    def _work(self) -> None:
        while True:
            argv, options, started = self._wanted.get()
            try:
                started.set_result(subprocess.Popen(argv, **options))
            except (OSError, ValueError) as exc:
                started.set_exception(exc)


@cache
def _spawner(pid: int) -> _Spawner:
    """Return the spawner of this process; one that was forked has not its parent's threads."""
    return _Spawner()

"""A command line of bubblewrap in bubblewrap, and the processes that it becomes."""

import os
import re
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agentrl.errors import SandboxError
from agentrl.sandboxes.bubblewrap.spawner import spawn

_JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class Command:
    """How a program is started."""

    airlock: tuple[str, ...]
    """Options of the outer bubblewrap. They name folders of the machine, so a file of no name
    hands them over, and no process inside can read them from a command line."""
    program: tuple[str, ...]
    """What runs in the airlock, up to the inner bubblewrap where there is one."""
    sandbox: tuple[str, ...] = ()
    """Options of the inner bubblewrap; the environment is among them."""
    inside: tuple[str, ...] = ()
    """What the inner bubblewrap runs."""
    refused: bytes | None = None
    """The filter of system calls for what runs inside."""
    groups: tuple[Path, ...] = ()
    """``cgroup.procs`` files that it joins."""
    descriptors: tuple[int, ...] = ()
    """Descriptors that it needs."""


class Contained:
    """A program and all that it started, in a process namespace of their own.

    Args:
        command: what to start.
        stdin: as ``subprocess.Popen`` takes it.
        stdout: likewise.
        stderr: likewise.

    Raises:
        SandboxError: it cannot be started.
    """

    def __init__(self, command: Command, *, stdin: int, stdout: int, stderr: int) -> None:
        self._told, told = os.pipe()
        self._status, status = os.pipe()
        self._inner = bool(command.inside)
        self._ending = threading.Lock()
        with ExitStack() as stack:
            stack.callback(os.close, told)
            stack.callback(os.close, status)
            outer = stack.enter_context(_nameless(_joined(command.airlock)))
            argv = ["sh", "-c", _JOIN, "sh", *map(str, command.groups), "--"]
            argv += ["bwrap", "--args", str(outer), "--info-fd", str(told), "--", *command.program]
            fds = [outer, told, *command.descriptors]
            if command.inside:
                inner = stack.enter_context(_nameless(_joined(command.sandbox)))
                argv += ["bwrap", "--args", str(inner), "--json-status-fd", str(status)]
                fds += [inner, status]
                if command.refused is not None:
                    refused = stack.enter_context(_nameless(command.refused))
                    argv += ["--seccomp", str(refused)]
                    fds.append(refused)
                argv += ["--", *command.inside]
            self.process = _start(argv, fds, (stdin, stdout, stderr))

    def exit_code(self) -> int:
        """Return how the program ended, once it has.

        Raises:
            SandboxError: it was never reached: the namespaces could not be made.
        """
        code = self.process.wait()
        code = 128 - code if code < 0 else code
        if self._inner:
            status = os.read(self._status, 4096)
            # Who kills the inner bubblewrap, as its own user can, keeps it from telling the code.
            reached = b"exit-code" in status or (b"child-pid" in status and code > 128)
            if not reached:
                raise SandboxError(f"the sandbox's namespaces cannot be made (code {code})")
        return code

    def end(self) -> None:
        """Kill all of it, and return when it is gone."""
        with self._ending:
            if self.process.poll() is None:
                first = self._first_pid()
                with suppress(ProcessLookupError):
                    os.kill(first or self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """Kill all of it and let go of its pipes."""
        self.end()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if self._told >= 0:
            os.close(self._told)
            os.close(self._status)
            self._told = -1

    def _first_pid(self) -> int | None:
        """Return the first process of the namespace: the kernel ends the others with it."""
        if self._told < 0 or not select.select([self._told], [], [], 5.0)[0]:
            return None
        found = re.search(rb'"child-pid": *(\d+)', os.read(self._told, 4096))
        return int(found[1]) if found else None


def _start(
    argv: list[str], descriptors: list[int], streams: tuple[int, int, int]
) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr = streams
    try:
        return spawn(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env={"PATH": os.defpath + ":/usr/sbin:/sbin"},
            cwd="/",
            pass_fds=descriptors,
        )
    except OSError as exc:
        raise SandboxError(f"bubblewrap cannot be started: {exc.strerror}") from exc


def _joined(words: tuple[str, ...]) -> bytes:
    return b"".join(os.fsencode(word) + b"\0" for word in words)


@contextmanager
def _nameless(data: bytes) -> Iterator[int]:
    """Hold data in a file that has no name."""
    descriptor = os.memfd_create("data")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)

"""What is said to and by a contained program."""

import os
import select
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field

from agentrl.errors import SandboxError
from agentrl.sandboxes.base import TIMED_OUT, RunResult
from agentrl.sandboxes.bubblewrap.command import Command, Contained

_PIECE = 65_536
_SEND_S = 60.0


class ShellStream:
    """The input and output of a sandbox's shell, as ``agentrl.sandboxes.shell`` takes them.

    Raises:
        SandboxError: it cannot be started.
    """

    def __init__(self, command: Command) -> None:
        self._errors = os.memfd_create("errors")
        try:
            self.contained = Contained(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except SandboxError:
            os.close(self._errors)
            raise
        process = self.contained.process
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._input, False)

    def send(self, data: bytes) -> None:
        """Write to its input.

        Raises:
            OSError: it has gone, or takes nothing any more.
        """
        view, deadline = memoryview(data), time.monotonic() + _SEND_S
        while view:
            if not _ready(self._input, select.POLLOUT, deadline - time.monotonic()):
                raise TimeoutError("the shell takes no input")
            with suppress(BlockingIOError):
                view = view[os.write(self._input, view[:_PIECE]) :]

    def receive(self, timeout_s: float) -> bytes | None:
        """Return more of its output, ``b""`` when it has ended, None when the time is over."""
        if not _ready(self._output, select.POLLIN, timeout_s):
            return None
        return os.read(self._output, _PIECE)

    def exit_code(self) -> int:
        """Return how the shell ended; one that no longer listens is ended.

        Raises:
            SandboxError: it was never reached.
        """
        try:
            self.contained.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.contained.end()
        try:
            return self.contained.exit_code()
        except SandboxError as exc:
            said = os.pread(self._errors, 1000, 0).decode(errors="replace").strip()
            raise SandboxError(f"{exc}: {said}") from None

    def close(self) -> None:
        """End the shell and all that it started."""
        self.contained.close()
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1


@dataclass(slots=True)
class _Kept:
    """The beginning of an output."""

    limit: int
    data: bytearray = field(default_factory=bytearray)
    cut: int = 0

    def write(self, data: bytes) -> None:
        room = self.limit - len(self.data)
        self.data += data[:room]
        self.cut += max(0, len(data) - room)


def collect(contained: Contained, stdin: bytes, timeout_s: float, output_bytes: int) -> RunResult:
    """Feed a program, and return what it said when it has ended or its time is over.

    Raises:
        SandboxError: it was never reached.
    """
    started = time.monotonic()
    out, err = _Kept(output_bytes), _Kept(output_bytes)
    timed_out = not _converse(contained.process, stdin, (out, err), started + timeout_s)
    contained.end()
    return RunResult(
        exit_code=TIMED_OUT if timed_out else _checked_code(contained, err),
        stdout=bytes(out.data),
        stderr=bytes(err.data),
        timed_out=timed_out,
        duration_s=time.monotonic() - started,
        cut_bytes=out.cut + err.cut,
    )


def _checked_code(contained: Contained, errors: _Kept) -> int:
    try:
        return contained.exit_code()
    except SandboxError as exc:
        said = bytes(errors.data[:1000]).decode(errors="replace").strip()
        raise SandboxError(f"{exc}: {said}") from None


def _converse(
    process: subprocess.Popen[bytes], stdin: bytes, kept: tuple[_Kept, _Kept], deadline: float
) -> bool:
    """Move data until the outputs end and the process has; False: the time is over."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    outputs = {process.stdout.fileno(): kept[0], process.stderr.fileno(): kept[1]}
    poll = select.poll()
    for descriptor in outputs:
        poll.register(descriptor, select.POLLIN)
    view = _begin_input(process, poll, stdin)
    while outputs:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        for descriptor, _ in poll.poll(left * 1000):
            if descriptor in outputs:
                data = os.read(descriptor, _PIECE)
                outputs[descriptor].write(data)
                if not data:
                    poll.unregister(descriptor)
                    del outputs[descriptor]
            else:
                view = _feed(process, poll, view)
    return _ends(process, deadline)


def _begin_input(process: subprocess.Popen[bytes], poll: select.poll, data: bytes) -> memoryview:
    assert process.stdin is not None
    if not data:
        process.stdin.close()
        return memoryview(b"")
    os.set_blocking(process.stdin.fileno(), False)
    poll.register(process.stdin.fileno(), select.POLLOUT)
    return memoryview(data)


def _feed(process: subprocess.Popen[bytes], poll: select.poll, view: memoryview) -> memoryview:
    assert process.stdin is not None
    descriptor = process.stdin.fileno()
    try:
        view = view[os.write(descriptor, view[:_PIECE]) :]
    except BlockingIOError:
        return view
    except BrokenPipeError:
        view = view[:0]
    if not view:
        poll.unregister(descriptor)
        process.stdin.close()
    return view


def _ends(process: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _ready(descriptor: int, event: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(max(0.0, timeout_s) * 1000))

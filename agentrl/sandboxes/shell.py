"""The channel to a sandbox's shell: one process for all commands, however they end."""

import secrets
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Protocol

from agentrl.errors import SandboxError, UsageError
from agentrl.sandboxes.base import TIMED_OUT, ExecResult
from agentrl.sandboxes.output import BoundedOutput

_SCRIPT = files("agentrl.sandboxes").joinpath("shell.sh").read_text()
_STATE = "/dev/shm/.agentrl-shell"
SHELL_ARGV = ("bash", "--noprofile", "--norc", "-c", _SCRIPT, "shell", _STATE)
"""What a backend starts in the sandbox, with pipes for input and output."""

_PLAIN = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-+=./,:;@%^~#*?!<>|&(){}[]\"$`"
)


class Stream(Protocol):
    """The input and output of a shell process."""

    def send(self, data: bytes) -> None:
        """Write to its input. Raises ``OSError`` when it has gone."""

    def receive(self, timeout_s: float) -> bytes | None:
        """Return more of its output, ``b""`` when it has ended, None when the time is over."""

    def exit_code(self) -> int:
        """Return how the process ended, once ``receive`` has told that it did."""

    def close(self) -> None:
        """Let go of it."""


class Shell:
    """A shell that outlives the commands it is given.

    Args:
        open_stream: starts ``SHELL_ARGV`` in the sandbox.
        stop_all: ends everything that the shell has started, and the shell.
        output_bytes: how much of a command's output is kept.
    """

    def __init__(
        self, open_stream: Callable[[], Stream], stop_all: Callable[[], None], output_bytes: int
    ) -> None:
        self._open_stream = open_stream
        self._stop_all = stop_all
        self._output_bytes = output_bytes
        self._stream: Stream | None = None

    def exec(self, command: str, timeout_s: float) -> ExecResult:
        """Run a command line; see ``Sandbox.exec``."""
        nonce = secrets.token_hex(16)
        request = f"{nonce} {quoted(command)}\n".encode("utf-8", "surrogateescape")
        started = time.monotonic()
        self._send(request)
        assert self._stream is not None
        output = BoundedOutput(self._output_bytes)
        exit_code = self._follow(self._stream, nonce, output, started + timeout_s)
        timed_out = exit_code is None
        if exit_code is None:
            self._stop(self._stream, output)
            exit_code = TIMED_OUT
        return ExecResult(
            exit_code=exit_code,
            output=output.text(),
            timed_out=timed_out,
            duration_s=time.monotonic() - started,
            cut_bytes=output.cut,
        )

    def close(self) -> None:
        """Let go of the shell process."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _send(self, request: bytes) -> None:
        if self._stream is not None:
            try:
                self._stream.send(request)
                return
            except OSError:  # it was ended from inside since; its state is kept
                self.close()
        self._stream = self._open_stream()
        try:
            self._stream.send(request)
        except OSError as exc:
            raise SandboxError(f"the sandbox's shell takes no command: {exc}") from None

    def _follow(
        self, stream: Stream, nonce: str, output: BoundedOutput, deadline: float
    ) -> int | None:
        """Return the exit code once the command has ended; None: its time was over."""
        mark = b"\0" + nonce.encode() + b" "
        held = b""
        while (left := deadline - time.monotonic()) > 0:
            data = stream.receive(left)
            if data is None:
                return None
            if not data:
                output.write(held)
                self.close()
                return stream.exit_code()
            held += data
            found = held.find(mark)
            if found >= 0 and b"\n" in held[found:]:
                output.write(held[:found])
                return int(held[found + len(mark) :].split(b"\n")[0])
            # What may be the beginning of the mark is held back.
            keep = found if found >= 0 else _beginning_of(mark, held)
            output.write(held[:keep])
            held = held[keep:]
        output.write(held)
        return None

    def _stop(self, stream: Stream, output: BoundedOutput) -> None:
        self._stop_all()
        last = time.monotonic() + 1.0
        while (left := last - time.monotonic()) > 0 and (data := stream.receive(left)):
            output.write(data)
        self.close()


def quoted(command: str) -> str:
    r"""Return the command in the shell's ``$'...'`` notation, on one line.

    Raises:
        UsageError: it holds a NUL character, which no command line can.

    >>> print(quoted("echo 'a\tb'"))
    $'echo \'a\tb\''
    """
    if "\0" in command:
        raise UsageError("a command line cannot hold a NUL character; leave it out")
    return "$'" + "".join(c if c in _PLAIN or c > "\x7f" else _escaped(c) for c in command) + "'"


def _escaped(character: str) -> str:
    return {"'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(
        character, f"\\{ord(character):03o}"
    )


def _beginning_of(mark: bytes, data: bytes) -> int:
    """Return where ``mark`` may begin at the end of ``data``; its length where it cannot."""
    at = data.rfind(mark[:1], max(0, len(data) - len(mark)))
    return at if at >= 0 and mark.startswith(data[at:]) else len(data)

"""The channel to a sandbox's shell: one process for all commands, however they end."""

import secrets
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Literal, Protocol

from agentrl.errors import SandboxError
from agentrl.sandboxes.answer import Answer
from agentrl.sandboxes.base import TIMED_OUT, ExecResult
from agentrl.sandboxes.output import BoundedOutput
from agentrl.sandboxes.quoting import check_word

_SCRIPT = files("agentrl.sandboxes").joinpath("shell.sh").read_text()
_STATE = "/dev/shm/.agentrl-shell"
SHELL_ARGV = ("bash", "--noprofile", "--norc", "-c", _SCRIPT, "shell", _STATE)
"""What a backend starts in the sandbox, with pipes for input and output."""

TOOLS = "/opt/agentrl/bin"
"""The folder of the tools of an agent, first on its PATH."""


_End = Literal["done", "gone", "late"]
"""A command came to its end; the shell's process did; or the time was over."""


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

    def open(self) -> Stream:
        """Start the shell process, where that has not been done."""
        stream = self._stream or self._open_stream()
        self._stream = stream
        return stream

    def exec(self, command: str, timeout_s: float) -> ExecResult:
        """Run a command line; see ``Sandbox.exec``."""
        data = check_word(command).encode("utf-8", "surrogateescape")
        for _ in range(3):
            result = self._attempt(self.open(), data, timeout_s)
            if result is not None:
                return result
        raise SandboxError("the sandbox's shell ends before it takes a command")

    def close(self) -> None:
        """Let go of the shell process."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _attempt(self, stream: Stream, command: bytes, timeout_s: float) -> ExecResult | None:
        """Run a command; None: the shell had been ended before it took this one."""
        nonce = secrets.token_hex(16)
        output = BoundedOutput(self._output_bytes)
        answer = Answer(nonce, output.write, early=True)
        started = time.monotonic()
        request = f"{nonce} {len(command)}\n".encode() + command
        end = self._converse(stream, request, answer, started + timeout_s)
        if end == "gone" and not answer.begun:
            return None
        return ExecResult(
            exit_code=TIMED_OUT if end == "late" else int(answer.code or 0),
            output=output.text(),
            timed_out=end == "late",
            duration_s=time.monotonic() - started,
            cut_bytes=output.cut,
        )

    def _converse(self, stream: Stream, request: bytes, answer: Answer, deadline: float) -> _End:
        """Follow a command to its end, whichever it is; ``answer.code`` is its code."""
        try:
            stream.send(request)
            end = _follow(stream, answer, deadline)
        except OSError:
            end = "gone"
        if end == "late":
            self._stop_all()
            _follow(stream, answer, time.monotonic() + 1.0)
        answer.flush()
        if end == "gone":
            answer.code = stream.exit_code()
        if end != "done":
            self.close()
        return end


def _follow(stream: Stream, answer: Answer, deadline: float) -> _End:
    while answer.code is None:
        left = deadline - time.monotonic()
        data = stream.receive(left) if left > 0 else None
        if data is None:
            return "late"
        if not data:
            return "gone"
        answer.feed(data)
    return "done"

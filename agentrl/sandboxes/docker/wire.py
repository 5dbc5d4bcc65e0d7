"""A hijacked connection to the engine: one input, two outputs."""

import select
import socket
import ssl
import time
from collections import deque
from contextlib import suppress
from typing import Any, Literal

Output = Literal[1, 2]
"""Standard output or standard error."""

_PIECE = 256 * 1024
_LOOK_S = 0.5
"""Longest time in which a close by another thread may go unnoticed. One did, on a loaded machine;
perhaps because the number of a descriptor that is closed just before it is waited for can be
another connection's by then."""


class Wire:
    """What a container's or a program's streams are reached through, never blocking for long.

    The engine sends frames: eight bytes (output, length), then so many bytes. Here they come out
    as they arrive, in memory that does not depend on a frame's length.

    Args:
        connection: what the Docker SDK returns for a hijacked connection.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._socket = getattr(connection, "_sock", connection)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._unsent = bytearray()
        self._ready: deque[tuple[Output, bytes]] = deque()
        self._header = b""
        self._output: Output = 1
        self._left = 0
        self._ended = False

    def send(self, data: bytes) -> None:
        """Send now what can be sent, and the rest while something is received.

        Raises:
            OSError: the other side is gone.
        """
        self._unsent += data
        self._push()

    def receive(self, timeout_s: float) -> tuple[Output, bytes] | None:
        """Return the next piece of an output, ``b""`` at their end, None when the time is over."""
        deadline = time.monotonic() + timeout_s
        looked = False
        while not self._ready:
            if self._ended:
                return 1, b""
            left = deadline - time.monotonic()
            if left < 0 and looked:
                return None
            self._wait(max(0.0, min(left, _LOOK_S)))
            looked = True
        return self._ready.popleft()

    def close(self) -> None:
        """Let go of the connection; the other side sees its input end."""
        self._ended = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in receive
        response = getattr(self._connection, "_response", None)
        for part in (response, self._connection, self._socket):
            with suppress(OSError, ValueError):  # a buffer of theirs may be closed already
                if part is not None:
                    part.close()

    def _wait(self, timeout_s: float) -> None:
        """Move bytes in both directions once, where that can be done in time."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._pull()
            return
        events = select.POLLIN | (select.POLLOUT if self._unsent else 0)
        try:
            self._poll.register(self._socket, events)
            happened = self._poll.poll(timeout_s * 1000)
        except (OSError, ValueError):  # closed from another thread
            self._ended = True
            return
        for _, event in happened:
            if event & select.POLLOUT:
                with suppress(OSError):  # that it is gone shows in what is received
                    self._push()
            if event & ~select.POLLOUT:
                self._pull()

    def _push(self) -> None:
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while self._unsent:
                with memoryview(self._unsent)[:_PIECE] as piece:
                    sent = self._socket.send(piece)
                del self._unsent[:sent]

    def _pull(self) -> None:
        try:
            data = self._socket.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        if not data:
            self._ended = True
        while data:
            data = self._take(data)

    def _take(self, data: bytes) -> bytes:
        """Take a header, or what there is of a frame, and return what follows."""
        if self._left:
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            self._ready.append((self._output, piece))
            return data
        missing = 8 - len(self._header)
        self._header += data[:missing]
        if len(self._header) == 8:
            self._output = 2 if self._header[0] == 2 else 1
            self._left = int.from_bytes(self._header[4:], "big")
            self._header = b""
        return data[missing:]

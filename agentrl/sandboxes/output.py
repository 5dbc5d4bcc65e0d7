"""What is kept of an output of any length."""


class BoundedOutput:
    """The beginning and the end of a stream of bytes, in bounded memory.

    >>> output = BoundedOutput(8)
    >>> output.write(b"beginning, middle and end")
    >>> output.cut, output.text()
    (17, 'begi\\n[... 17 bytes left out ...]\\n end')
    """

    def __init__(self, limit: int) -> None:
        self._head_limit = limit - limit // 2
        self._tail_limit = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._written = 0

    def write(self, data: bytes) -> None:
        """Take more of the stream."""
        self._written += len(data)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data[-self._tail_limit :] if self._tail_limit else b""
        if len(self._tail) > 2 * self._tail_limit:
            del self._tail[: -self._tail_limit]

    @property
    def cut(self) -> int:
        """How many bytes were left out."""
        return max(0, self._written - self._head_limit - self._tail_limit)

    def text(self) -> str:
        """Return what is kept, with a line that says how much is missing."""
        tail = bytes(self._tail[-self._tail_limit :]) if self._tail_limit else b""
        if not self.cut:
            return (bytes(self._head) + tail).decode(errors="replace")
        note = f"\n[... {self.cut:,} bytes left out ...]\n"
        return self._head.decode(errors="replace") + note + tail.decode(errors="replace")

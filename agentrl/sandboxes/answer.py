"""How an answer is told from everything else on a channel that untrusted code writes to."""

from collections.abc import Callable

_DIGITS = 10  # of a code, and the end of its line, at most


class Answer:
    r"""The part of a stream between the marks of one request.

    The stream holds ``\0NONCE<``, the output, and ``\0NONCE>CODE\n``; in pieces of any size, amid
    bytes of any value. Nobody who does not know the nonce can end it.

    Args:
        nonce: in hexadecimal digits.
        write: takes the output, piece by piece.
        early: whether what comes before the first mark belongs to the output too.

    >>> answer = Answer("5a", print)
    >>> for piece in (b"?\x005", b"a<ab\x005", b"b\x005a>1", b"2\n"):
    ...     answer.feed(piece)
    b'ab'
    b'\x005b'
    >>> answer.code
    12
    """

    def __init__(self, nonce: str, write: Callable[[bytes], object], *, early: bool = False):
        self._marks = [f"\0{nonce}<".encode(), f"\0{nonce}>".encode()]
        self._write = write
        self._early = early
        self._held = b""
        self.begun = False
        """Whether the request has been taken."""
        self.code: int | None = None
        """What stands behind the last mark; None before it."""

    def feed(self, data: bytes) -> None:
        """Take more of the stream."""
        self._held += data
        if not self.begun and self._pass(self._marks[0], self._early):
            self.begun = True
            self._held = self._held[len(self._marks[0]) :]
        while self.begun and self.code is None and self._pass(self._marks[1], True):
            rest = self._held[len(self._marks[1]) :]
            code, newline, _ = rest[:_DIGITS].partition(b"\n")
            if newline and code.isdigit():
                self.code, self._held = int(code), b""
            elif not newline and len(rest) < _DIGITS and (code.isdigit() or not code):
                return  # more of it is to come
            else:  # a command that knows its nonce has printed a mark: that is output
                self._write(self._marks[1])
                self._held = rest

    def flush(self) -> None:
        """Give out what was held back, because nothing more comes."""
        if self.begun or self._early:
            self._write(self._held)
        self._held = b""

    def _pass(self, mark: bytes, wanted: bool) -> bool:
        """Give out what stands before the mark, and return whether the mark is there."""
        at = self._held.find(mark)
        end = at if at >= 0 else _beginning_of(mark, self._held)
        if wanted and end:
            self._write(self._held[:end])
        self._held = self._held[end:]
        return at >= 0


def _beginning_of(mark: bytes, data: bytes) -> int:
    """Return where ``mark`` may begin at the end of ``data``; its length where it cannot."""
    at = data.rfind(mark[:1], max(0, len(data) - len(mark)))
    return at if at >= 0 and mark.startswith(data[at:]) else len(data)

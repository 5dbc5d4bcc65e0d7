"""A source file as bytes, with the places of its syntax and its tokens."""

import ast
import io
import tokenize
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

Edit = tuple[str, int, int, bytes]
"""Kind, start, end and what stands there afterwards."""


@dataclass(frozen=True, slots=True)
class Token:
    """A name, keyword or operator."""

    start: int
    end: int
    text: str


class SourceText:
    """Knows where the nodes and tokens of a source lie, in bytes from its beginning."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, self._lines))]
        self._tokens = self._read_tokens()
        self._token_starts = [token.start for token in self._tokens]

    def start(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> int:
        """Return where a node begins."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg) -> int:
        """Return where a node ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.expr | ast.stmt) -> bytes:
        """Return a node's text."""
        return self.source[self.start(node) : self.end(node)]

    def token(self, text: str, start: int, end: int) -> Token | None:
        """Return the first token of this text that lies between two places."""
        for token in self._tokens[bisect_left(self._token_starts, start) :]:
            if token.end > end:
                return None
            if token.text == text:
                return token
        return None

    def lines(self, first: ast.stmt | int, last: ast.stmt) -> tuple[int, int] | None:
        """Return the span of whole lines from a statement, or a place, to another's end.

        None where something else stands on these lines.
        """
        start = first if isinstance(first, int) else self.start(first)
        line_start = self.source.rfind(b"\n", 0, start) + 1
        end = self.end(last)
        line_end = self.source.find(b"\n", end) + 1 or len(self.source)
        before, after = self.source[line_start:start], self.source[end:line_end].strip()
        if before.strip() or (after and not after.startswith(b"#")):
            return None
        return line_start, line_end

    def line_of(self, place: int) -> int:
        """Return the number of the line that a place lies on, counted from 1."""
        return self.source.count(b"\n", 0, place) + 1

    def _read_tokens(self) -> list[Token]:
        texts = [line.decode("utf-8") for line in self._lines]
        tokens = []
        for token in tokenize.tokenize(io.BytesIO(self.source).readline):
            if token.type in (tokenize.OP, tokenize.NAME):
                (row, column), (last_row, last_column) = token.start, token.end
                start = self._starts[row - 1] + len(texts[row - 1][:column].encode())
                end = self._starts[last_row - 1] + len(texts[last_row - 1][:last_column].encode())
                tokens.append(Token(start, end, token.string))
        return tokens


def swapped(kind: str, one: ast.expr, other: ast.expr, text: SourceText) -> Iterator[Edit]:
    """Yield the edit in which two expressions change places, unless they read the same."""
    between = text.source[text.end(one) : text.start(other)]
    new = text.of(other) + between + text.of(one)
    if text.of(one) != text.of(other) and b"#" not in between:
        yield kind, text.start(one), text.end(other), new

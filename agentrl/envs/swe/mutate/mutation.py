"""A flaw: one span of a source file, and what stands there instead."""

import ast
import warnings
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of a source file."""

    kind: str
    """What was done, such as ``flipped-comparison``."""
    start: int
    """Where the span begins, in bytes."""
    end: int
    """Where it ends."""
    old: bytes
    new: bytes
    scope: str = ""
    """The function or class it lies in, with those around it: ``Parser.read``."""
    first_line: int = 0
    """Lines of the code whose doing changes, counted from 1."""
    last_line: int = 0

    def apply(self, source: bytes) -> bytes:
        """Return the source with the flaw.

        Raises:
            ValueError: the source is not the one that the mutation was made for.
        """
        if source[self.start : self.end] != self.old:
            raise ValueError(f"the source does not hold {self.old!r} at byte {self.start}")
        return source[: self.start] + self.new + source[self.end :]


def parse(source: bytes) -> ast.Module | None:
    """Return the source's tree, or None for what is no Python in UTF-8."""
    try:
        source.decode("utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def changes_code(source: bytes, mutation: Mutation) -> bool:
    """Return whether the source still compiles with the flaw, and means something else."""
    tree, changed = parse(source), parse(mutation.apply(source))
    if tree is None or changed is None or ast.dump(changed) == ast.dump(tree):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(changed, "mutated", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True

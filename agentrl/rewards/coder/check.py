"""A first look at a reward program, without running it.

It finds what would fail anyway and says so in words that a model can learn from. It is no wall:
Python can be written so that no reader of its text knows what it does. The wall is the sandbox.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

ALLOWED_IMPORTS = ("collections", "itertools", "json", "math", "re", "statistics")
"""Modules that a program may import."""

FORBIDDEN_NAMES = frozenset(
    (
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "exit",
        "getattr",
        "globals",
        "help",
        "input",
        "locals",
        "memoryview",
        "open",
        "print",
        "quit",
        "setattr",
        "vars",
    )
)
"""Names that a program has no use for."""

MOST_CHARACTERS = 20_000
"""Longest program."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a program."""

    line: int
    """Where, from 1; 0: the program as a whole."""
    message: str
    """What was found, and what to write instead."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


def check(source: str) -> tuple[Finding, ...]:
    """Return what is wrong with a program's text; nothing: it may be tried in the sandbox.

    >>> [str(finding) for finding in check("def score(episode): return []")]
    ['there is no function reward(episode); define one at the top level']
    """
    if len(source) > MOST_CHARACTERS:
        return (Finding(0, f"the program has {len(source):,} characters; use at most 20,000"),)
    try:
        tree = ast.parse(source)
    except SyntaxError as exc:
        return (Finding(exc.lineno or 0, f"no valid Python: {exc.msg}"),)
    except (ValueError, RecursionError, MemoryError):
        return (Finding(0, "no valid Python: it is nested too deeply, or holds a NUL"),)
    return (*_entry(tree), *_contents(tree))


def _entry(tree: ast.Module) -> Iterator[Finding]:
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "reward"
    ]
    if not found:
        yield Finding(0, "there is no function reward(episode); define one at the top level")
    for node in found:
        if isinstance(node, ast.AsyncFunctionDef):
            yield Finding(node.lineno, "reward is async; define it with plain def")
        needed = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
        takes = bool(node.args.posonlyargs or node.args.args or node.args.vararg)
        lacking = any(default is None for default in node.args.kw_defaults)
        if needed > 1 or not takes or lacking:
            yield Finding(node.lineno, "reward must take one argument, the episode")


def _contents(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield from _imported(node.lineno, alias.name)
            case ast.ImportFrom():
                yield from _imported(node.lineno, "." * node.level + (node.module or ""))
            case ast.Attribute() if node.attr.startswith("__"):
                yield Finding(
                    node.lineno,
                    f"attribute {node.attr!r}: names that begin with __ are not allowed",
                )
            case ast.Name() if node.id in FORBIDDEN_NAMES or node.id.startswith("__"):
                yield Finding(
                    node.lineno,
                    f"{node.id!r} is not allowed: a program computes from the episode alone",
                )
            case ast.Global():
                yield Finding(
                    node.lineno, "'global' is of no use: nothing is kept between two episodes"
                )
            case _:
                pass


def _imported(line: int, module: str) -> Iterator[Finding]:
    if module.split(".")[0] not in ALLOWED_IMPORTS:
        yield Finding(
            line, f"import of {module!r} is not allowed; allowed are {', '.join(ALLOWED_IMPORTS)}"
        )

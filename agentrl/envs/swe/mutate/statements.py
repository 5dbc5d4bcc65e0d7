"""Flaws in statements: each function yields the edits that one node allows."""

import ast
from collections.abc import Iterator

from agentrl.envs.swe.mutate.text import Edit, SourceText, swapped

_QUIET = {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print"}


def removed_guard(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``if a: raise`` goes, as do such with ``return``, ``continue`` and ``break``."""
    for suite in _suites(node):
        for statement in suite:
            if isinstance(statement, ast.If) and not statement.orelse and _leaves(statement.body):
                yield from _removed("removed-guard", statement, suite, text)


def removed_call(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """A call that stands alone goes, such as ``items.sort()``."""
    for suite in _suites(node):
        for statement in suite:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(call, ast.Call) and _called(call) not in _QUIET:
                yield from _removed("removed-call", statement, suite, text)


def removed_assignment(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a += b`` and ``self.a = b`` go, and so does what is set again: ``a = a.strip()``."""
    for suite in _suites(node):
        for statement in suite:
            if isinstance(statement, ast.AugAssign) or _sets_again(statement):
                yield from _removed("removed-assignment", statement, suite, text)


def dropped_branch(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """The ``else`` goes, or an ``elif``."""
    if not isinstance(node, ast.If) or not node.orelse:
        return
    first, last = node.orelse[0], node.orelse[-1]
    before = text.end(node.body[-1])
    span = None
    if keyword := text.token("else", before, text.start(first)):
        span = text.lines(keyword.start, last)
    elif isinstance(first, ast.If):  # its place is that of ``elif``
        span = text.lines(first, first.body[-1])
    if span:
        yield "dropped-branch", *span, b""


def swapped_break_continue(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``break`` becomes ``continue``, and the other way round."""
    if isinstance(node, ast.Break | ast.Continue):
        new = b"continue" if isinstance(node, ast.Break) else b"break"
        yield "swapped-break-continue", text.start(node), text.end(node), new


def wrong_default(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """The default of a parameter changes: ``True`` to ``False``, 1 to 2, ``"a"`` to ``""``."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for default in [*node.args.defaults, *node.args.kw_defaults]:
        if isinstance(default, ast.Constant) and (new := _other(default.value)):
            yield "wrong-default", text.start(default), text.end(default), new.encode()


def swapped_return(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``return a, b`` becomes ``return b, a``."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        parts = node.value.elts
        if len(parts) == 2 and not any(isinstance(part, ast.Starred) for part in parts):
            yield from swapped("swapped-return", parts[0], parts[1], text)


def _removed(
    kind: str, statement: ast.stmt, suite: list[ast.stmt], text: SourceText
) -> Iterator[Edit]:
    """Take out a statement's lines; where it is all there is, leave a ``pass``."""
    if len(suite) == 1:
        yield kind, text.start(statement), text.end(statement), b"pass"
    elif span := text.lines(statement, statement):
        yield kind, *span, b""


def _suites(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        suite = getattr(node, field, None)
        if isinstance(suite, list) and not isinstance(node, ast.Module | ast.ClassDef):
            yield suite


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Raise | ast.Return | ast.Continue | ast.Break)


def _sets_again(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    if isinstance(target, ast.Attribute | ast.Subscript):
        return True
    return isinstance(target, ast.Name) and any(
        isinstance(node, ast.Name) and node.id == target.id for node in ast.walk(statement.value)
    )


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _other(value: object) -> str:
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int):
        return str(value + 1)
    return '""' if isinstance(value, str) and value else ""

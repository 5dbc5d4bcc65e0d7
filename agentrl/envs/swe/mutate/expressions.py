"""Flaws in expressions: each function yields the edits that one node allows."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from agentrl.envs.swe.mutate.text import Edit, SourceText, swapped

_OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "|"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}

_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">")),
    ast.LtE: ("<=", ("<", ">=")),
    ast.Gt: (">", (">=", "<")),
    ast.GtE: (">=", (">", "<=")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.In: ("in", ("not in",)),
}

_PAIRS = (
    ("lstrip", "rstrip"), ("startswith", "endswith"), ("lower", "upper"), ("find", "rfind"),
    ("index", "rindex"), ("split", "rsplit"), ("partition", "rpartition"), ("ljust", "rjust"),
    ("islower", "isupper"), ("append", "extend"), ("add", "discard"), ("keys", "values"),
    ("floor", "ceil"), ("union", "intersection"), ("min", "max"), ("any", "all"),
    ("appendleft", "append"), ("popleft", "pop"), ("isdigit", "isalpha"), ("removeprefix",
    "removesuffix"), ("match", "search"), ("fullmatch", "match"), ("bisect_left", "bisect_right"),
    ("first", "last"), ("items", "keys"), ("setdefault", "get"), ("seconds", "days"),
    ("width", "height"), ("left", "right"), ("before", "after"), ("previous", "next"),
)  # fmt: skip
_NAMES = {other: one for one, other in reversed(_PAIRS)} | dict(_PAIRS)
_ORDERLESS = {"isinstance", "issubclass", "hasattr", "getattr", "setattr", "min", "max", "super"}
_BUILTINS = {"min": "max", "max": "min", "any": "all", "all": "any"}


def wrong_operator(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a + b`` becomes ``a - b``, ``a += b`` becomes ``a -= b``."""
    if isinstance(node, ast.BinOp) and not (_is_text(node.left) or _is_text(node.right)):
        old, new = _OPERATORS.get(type(node.op), ("", ""))
        if token := old and text.token(old, text.end(node.left), text.start(node.right)):
            yield "wrong-operator", token.start, token.end, new.encode()
    if isinstance(node, ast.AugAssign) and not _is_text(node.value):
        old, new = _OPERATORS.get(type(node.op), ("", ""))
        if token := old and text.token(f"{old}=", text.end(node.target), text.start(node.value)):
            yield "wrong-operator", token.start, token.end, f"{new}=".encode()


def swapped_operands(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a - b`` becomes ``b - a``."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv):
        yield from swapped("swapped-operands", node.left, node.right, text)


def flipped_comparison(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a < b`` becomes ``a <= b`` or ``a > b``, ``a in b`` becomes ``a not in b``."""
    if not isinstance(node, ast.Compare):
        return
    operands = [node.left, *node.comparators]
    for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
        old, others = _COMPARISONS.get(type(operator), ("", ()))
        token = text.token(old, text.end(left), text.start(right)) if old else None
        if token is not None:
            for new in others:
                yield "flipped-comparison", token.start, token.end, new.encode()


def swapped_and_or(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a and b`` becomes ``a or b``."""
    if isinstance(node, ast.BoolOp) and len(node.values) == 2:
        old, new = ("and", b"or") if isinstance(node.op, ast.And) else ("or", b"and")
        if token := text.token(old, text.end(node.values[0]), text.start(node.values[1])):
            yield "swapped-and-or", token.start, token.end, new


def dropped_operand(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a and b and c`` loses its last part."""
    if isinstance(node, ast.BoolOp):
        start, end = text.end(node.values[-2]), text.end(node.values[-1])
        yield "dropped-condition", start, end, b""


def dropped_unary(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``not a`` becomes ``a``, ``-a`` becomes ``a``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        kind = "dropped-not" if isinstance(node.op, ast.Not) else "dropped-minus"
        if not isinstance(node.operand, ast.Constant) or kind == "dropped-minus":
            symbol = b"not" if isinstance(node.op, ast.Not) else b"-"
            start = text.start(node)
            after = text.source[start + len(symbol) : text.end(node)]
            spaces = len(after) - len(after.lstrip(b" "))
            yield kind, start, start + len(symbol) + spaces, b""


def changed_constant(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``True`` becomes ``False``, 3 becomes 4 or 2."""
    if isinstance(node, ast.Constant):
        start, end, value = text.start(node), text.end(node), node.value
        if isinstance(value, bool):
            yield "changed-constant", start, end, str(not value).encode()
        elif isinstance(value, int) and abs(value) < 10**6 and text.of(node).isdigit():
            yield "off-by-one", start, end, str(value + 1).encode()
            if value > 0:
                yield "off-by-one", start, end, str(value - 1).encode()
        elif isinstance(value, float) and value:
            yield "changed-constant", start, end, repr(value * 2).encode()


def off_by_one(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``len(a)`` becomes ``(len(a) - 1)``, ``range(n)`` becomes ``range(n - 1)``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        return
    if node.func.id == "len" and len(node.args) == 1:
        yield "off-by-one", text.start(node), text.end(node), b"(" + text.of(node) + b" - 1)"
    if node.func.id == "range" and 1 <= len(node.args) <= 2:
        stop = node.args[-1]
        if isinstance(stop, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            yield "off-by-one", text.start(stop), text.end(stop), text.of(stop) + b" - 1"


def swapped_arguments(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``f(a, b)`` becomes ``f(b, a)``."""
    if not isinstance(node, ast.Call) or any(isinstance(arg, ast.Starred) for arg in node.args):
        return
    if not isinstance(node.func, ast.Name) or node.func.id not in _ORDERLESS:
        for one, other in pairwise(node.args):
            yield from swapped("swapped-arguments", one, other, text)


def dropped_argument(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``f(a, key=b)`` becomes ``f(a)``."""
    if isinstance(node, ast.Call):
        parts: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        parts.sort(key=text.start)
        for one, other in pairwise(parts):
            if isinstance(other, ast.keyword) and other.arg is not None:
                yield "dropped-argument", text.end(one), text.end(other), b""


def wrong_name(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a.lstrip()`` becomes ``a.rstrip()``, ``min(a)`` becomes ``max(a)``."""
    if isinstance(node, ast.Attribute) and node.attr in _NAMES:
        end = text.end(node)
        start = end - len(node.attr.encode())
        if text.source[start:end] == node.attr.encode():
            yield "wrong-name", start, end, _NAMES[node.attr].encode()
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Name) and function.id in _BUILTINS:
        other = _BUILTINS[function.id].encode()
        yield "wrong-name", text.start(function), text.end(function), other


def negated_condition(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``if a:`` becomes ``if not a:``; of ``while``, ``a if b else c`` and filters alike."""
    tests: list[ast.expr] = []
    if isinstance(node, ast.If | ast.IfExp):
        tests = [node.test]
    elif isinstance(node, ast.comprehension):
        tests = node.ifs
    for test in tests:
        if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            yield "negated-condition", text.start(test), text.start(test), b"not "
        elif isinstance(test, ast.BoolOp):
            yield (
                "negated-condition",
                text.start(test),
                text.end(test),
                (b"not (" + text.of(test) + b")"),
            )


def dropped_bound(node: ast.AST, text: SourceText) -> Iterator[Edit]:
    """``a[1:n]`` becomes ``a[:n]`` or ``a[1:]``."""
    if isinstance(node, ast.Slice):
        for bound in (node.lower, node.upper):
            if bound is not None:
                yield "dropped-bound", text.start(bound), text.end(bound), b""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )

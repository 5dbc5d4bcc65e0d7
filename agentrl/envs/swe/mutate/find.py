"""Finds the flaws that a source file could have."""

import ast
from collections.abc import Callable, Iterator

from agentrl.envs.swe.mutate import expressions, statements
from agentrl.envs.swe.mutate.mutation import Mutation, parse
from agentrl.envs.swe.mutate.text import Edit, SourceText

Operator = Callable[[ast.AST, SourceText], Iterator[Edit]]

OPERATORS: tuple[Operator, ...] = (
    expressions.wrong_operator,
    expressions.swapped_operands,
    expressions.flipped_comparison,
    expressions.swapped_and_or,
    expressions.dropped_operand,
    expressions.dropped_unary,
    expressions.changed_constant,
    expressions.off_by_one,
    expressions.swapped_arguments,
    expressions.dropped_argument,
    expressions.wrong_name,
    expressions.negated_condition,
    expressions.dropped_bound,
    statements.removed_guard,
    statements.removed_call,
    statements.removed_assignment,
    statements.dropped_branch,
    statements.swapped_break_continue,
    statements.wrong_default,
    statements.swapped_return,
)

_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_QUIET = {"debug", "info", "warning", "warn", "error", "exception", "critical", "log"}


def find_mutations(source: bytes) -> tuple[Mutation, ...]:
    """Return what could be changed in a source, in the order of its places.

    Left alone are docstrings, annotations, decorators, messages of errors, logging, ``__main__``
    blocks and what only type checkers read. Few of the changes do not compile or mean the same:
    ``changes_code`` tells.
    """
    tree = parse(source)
    if tree is None:
        return ()
    text = SourceText(source)
    found: dict[tuple[int, int, bytes], Mutation] = {}
    for node, scope in _nodes(tree, ()):
        for operator in OPERATORS:
            for edit in operator(node, text):
                mutation = _mutation(edit, scope, text)
                found.setdefault((mutation.start, mutation.end, mutation.new), mutation)
    return tuple(sorted(found.values(), key=lambda found: (found.start, found.end, found.new)))


def _mutation(edit: Edit, scope: tuple[str, ...], text: SourceText) -> Mutation:
    kind, start, end, new = edit
    old = text.source[start:end]
    first = text.line_of(start)
    last = text.line_of(max(start, end - 1))
    return Mutation(kind, start, end, old, new, ".".join(scope), first, last)


def _nodes(node: ast.AST, scope: tuple[str, ...]) -> Iterator[tuple[ast.AST, tuple[str, ...]]]:
    if isinstance(node, _SCOPES):
        scope = (*scope, node.name)
    yield node, scope
    for child in _children(node):
        yield from _nodes(child, scope)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that a flaw may be put into."""
    left_out = set(map(id, _left_out(node)))
    for child in ast.iter_child_nodes(node):
        if id(child) not in left_out and not _is_out_of_bounds(child):
            yield child


def _left_out(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _SCOPES):
        yield from node.decorator_list
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
        yield node.returns
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
        yield node.annotation
    if isinstance(node, ast.Raise):
        yield from filter(None, (node.exc, node.cause))
    if isinstance(node, ast.Assert) and node.msg:
        yield node.msg


def _is_out_of_bounds(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr | ast.Match):
        return True  # before Python 3.12 places inside an f-string are wrong
    if isinstance(node, ast.Assign):
        return any(isinstance(name, ast.Name) and name.id[:2] == "__" for name in node.targets)
    if isinstance(node, ast.If):
        named = [name.id for name in ast.walk(node.test) if isinstance(name, ast.Name)]
        named += [name.attr for name in ast.walk(node.test) if isinstance(name, ast.Attribute)]
        return bool({"__name__", "TYPE_CHECKING", "version_info", "platform"} & set(named))
    if isinstance(node, ast.Call):
        function = node.func
        return isinstance(function, ast.Attribute) and function.attr in _QUIET
    return False

"""Tests as a data set has them, taken apart into statements that are run one by one."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentrl.errors import TaskError

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LEAVES = (ast.Return, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)


@dataclass(frozen=True, slots=True)
class Unit:
    """A statement of the tests."""

    source: str
    test: bool = True
    """Whether it is a test; else it prepares the ones that follow."""
    left: str = ""
    """Of ``assert left == right``, so that a failure can tell both values."""
    right: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Tests that call functions of the program."""

    units: tuple[Unit, ...]
    setup: str = ""
    """What is defined before the first of them."""
    argument: str = "candidate"
    """What the tests call the function under test."""


def read_check(source: str, entry: str) -> Check:
    """Take a test program apart; where it has HumanEval's ``check(candidate)``, its body.

    Every statement with an assertion is one test, and so is one that hands the function to a
    helper. Where the body cannot be taken apart, because it returns or yields, it is one test.

    Raises:
        TaskError: it is no Python, or tests nothing.
    """
    tree = _parsed(source)
    check = next(
        (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "check"), None
    )
    if check is None or not check.args.args:
        units = tuple(_units(tree.body, {entry, "candidate"}))
        return Check(_sound(units, source))
    argument = check.args.args[0].arg
    rest = [node for node in tree.body if node is not check and not _calls_check(node)]
    if any(isinstance(node, _LEAVES) for node in _walk(check.body)):
        rest.append(check)
        units = (Unit(f"check({argument})"),)
    else:
        units = tuple(_units(check.body, {entry, argument}))
    setup = "\n".join(ast.unparse(node) for node in rest)
    return Check(_sound(units, source), setup, argument)


def read_assertions(sources: Sequence[str], setup: str, entry: str) -> Check:
    """Return tests that are given one by one, as MBPP has them.

    Raises:
        TaskError: one is no Python, or none tests anything.
    """
    _parsed(setup)
    units: list[Unit] = []
    for source in sources:
        found = tuple(_units(_parsed(source).body, {entry, "candidate"}))
        tests = [unit for unit in found if unit.test]
        # One given test is one test, of however many statements it is made.
        units += found if len(tests) == 1 else [Unit(source.strip())]
    return Check(_sound(tuple(units), "\n".join(sources)), setup)


def called_function(tests: Sequence[str], solution: str) -> str:
    """Return which of the solution's functions the tests call; empty where none is.

    >>> called_function(["assert set(twice([1])) == {2}"], "def twice(x): ...")
    'twice'
    """
    defined = {n.name for n in _parsed(solution).body if isinstance(n, ast.FunctionDef)}
    for source in tests:
        for node in ast.walk(_parsed(source)):
            name = node.func if isinstance(node, ast.Call) else None
            if isinstance(name, ast.Name) and (not defined or name.id in defined):
                return name.id
    return ""


def _units(body: Sequence[ast.stmt], names: set[str]) -> Iterator[Unit]:
    for node in body:
        source = ast.unparse(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        if not _is_test(node, names):
            yield Unit(source, test=False)
        elif isinstance(node, ast.Assert) and _is_equality(node.test):
            compare = node.test
            assert isinstance(compare, ast.Compare)
            yield Unit(
                source,
                left=ast.unparse(compare.left),
                right=ast.unparse(compare.comparators[0]),
            )
        else:
            yield Unit(source)


def _is_test(node: ast.stmt, names: set[str]) -> bool:
    if isinstance(node, ast.Assert):
        return not (isinstance(node.test, ast.Constant) and node.test.value)
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, *_DEFINITIONS)):
        return False
    inner = list(_walk([node]))
    if any(isinstance(part, ast.Assert) for part in inner):
        return True
    return any(isinstance(part, ast.Name) and part.id in names for part in inner)


def _is_equality(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)


def _walk(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes and what is in them, but not what is in a definition."""
    for node in nodes:
        yield node
        if not isinstance(node, _DEFINITIONS):
            yield from _walk(list(ast.iter_child_nodes(node)))


def _calls_check(node: ast.stmt) -> bool:
    """Return whether it is the ``check(name)`` with which some data sets end their tests."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return False
    return call.func.id == "check"


def _sound(units: tuple[Unit, ...], source: str) -> tuple[Unit, ...]:
    if not any(unit.test for unit in units):
        raise TaskError(f"the tests test nothing: {source.strip()[:60]!r}")
    return units


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as exc:
        raise TaskError(f"no Python: {exc}: {source.strip()[:60]!r}") from None

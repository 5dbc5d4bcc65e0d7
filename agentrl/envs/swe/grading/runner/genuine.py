"""Tells whether a test function is the one that stands in its file.

Graded code can reach into a test module and give a test another body, or be in the way when the
module is loaded. The file itself it cannot write to, so that the file says what is genuine.
"""

import ast
import os
import sys
from types import CodeType, FunctionType
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

Genuine = Callable[[Any, str, Sequence[str]], bool]
"""Whether a function is genuine, given the path of its test's file, and its class and name."""


class _Facts:
    def __init__(self) -> None:
        self.codes: Set[CodeType] = set()
        self.plain: Set[str] = set()
        """Qualified names of functions that nothing decorates."""


def make_check(rewritten: Optional[Callable[[str], Any]]) -> Genuine:
    """Return the check.

    Args:
        rewritten: compiles a file with pytest's rewritten assertions; None: nobody rewrites.
    """
    known: Dict[str, _Facts] = {}
    function_type, realpath, installed = FunctionType, os.path.realpath, installed_folders()

    def facts(path: str) -> _Facts:
        if path not in known:
            known[path] = _facts(path, rewritten)
        return known[path]

    def genuine(function: Any, path: str, names: Sequence[str]) -> bool:
        depth = 0
        while depth < 50 and "__wrapped__" in getattr(function, "__dict__", ()):
            function = function.__dict__["__wrapped__"]
            depth += 1
        if type(function) is not function_type:
            return True
        here = facts(path)
        code = function.__code__
        if code in here.codes or ".".join(names) not in here.plain:
            return True
        # Nothing decorates it in its file, and yet its code is another: an installed library
        # may wrap it without a trace (a metaclass does), the repository may not.
        return realpath(code.co_filename).startswith(installed)

    return genuine


def installed_folders() -> Tuple[str, ...]:
    """Return where Python and its libraries lie, which graded code cannot write to."""
    places = [os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)]
    return tuple(place.rstrip("/") + "/" for place in places)


def _facts(path: str, rewritten: Optional[Callable[[str], Any]]) -> _Facts:
    facts = _Facts()
    try:
        with open(path, "rb") as file:
            source = file.read()
        tree = ast.parse(source, filename=path)
        _collect(compile(source, path, "exec", dont_inherit=True), facts.codes)
        if rewritten is not None:
            _collect(rewritten(path), facts.codes)
    except (OSError, SyntaxError, ValueError):
        return _Facts()
    _collect_plain(tree, [], facts.plain)
    return facts


def code_in(path: str) -> Set[CodeType]:
    """Return the code of all functions in a file, as it is compiled."""
    return _facts(path, None).codes


def _collect(code: Any, codes: Set[CodeType]) -> None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            codes.add(constant)
            _collect(constant, codes)


def _collect_plain(node: Any, outer: List[str], names: Set[str]) -> None:
    seen: Set[str] = set()
    for child in getattr(node, "body", []):
        name = getattr(child, "name", None)
        if not isinstance(name, str):
            continue
        path = [*outer, name]
        if not all(_harmless(decorator) for decorator in getattr(child, "decorator_list", [])):
            names.discard(".".join(path))
        elif isinstance(child, ast.ClassDef):
            if not child.keywords:
                _collect_plain(child, path, names)
        elif name not in seen:
            names.add(".".join(path))
        seen.add(name)


def _harmless(decorator: ast.AST) -> bool:
    """Whether a decorator leaves the function as it is: pytest's marks do."""
    names = []
    while isinstance(decorator, (ast.Call, ast.Attribute)):
        if isinstance(decorator, ast.Attribute):
            names.append(decorator.attr)
        decorator = decorator.func if isinstance(decorator, ast.Call) else decorator.value
    return isinstance(decorator, ast.Name) and decorator.id == "pytest" and names[-1:] == ["mark"]

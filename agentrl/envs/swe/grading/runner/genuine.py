"""Tells whether a test function is the one that stands in its file.

Graded code can reach into a test module and give a test another body, or be in the way when the
module is loaded. The file itself it cannot write to, so that the file says what is genuine.
"""

import ast
import os
import sys
from types import CodeType, FunctionType
from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

Genuine = Callable[[Any, str, Sequence[str]], bool]
"""Whether a function is genuine, given the path of its test's file, and its class and name."""


class Sources:
    """The code of test files: as it was compiled, or as it compiles."""

    def __init__(self) -> None:
        self._compiled: Dict[str, Set[CodeType]] = {}
        self._fresh: Dict[str, Set[CodeType]] = {}
        self._plain: Dict[str, Set[str]] = {}

    def note(self, path: str, code: CodeType) -> None:
        """Take a file's code as it is about to be run, before graded code can be reached by it."""
        codes = self._compiled.setdefault(os.path.realpath(path), set())
        _collect(code, codes)

    def has(self, path: str, code: CodeType) -> bool:
        """Whether a file has a function of just this code."""
        path = os.path.realpath(path)
        if code in self._compiled.get(path, ()):
            return True
        if path not in self._fresh:
            self._fresh[path] = code_in(path)
        return code in self._fresh[path] or not self._fresh[path]

    def leaves_plain(self, path: str, name: str) -> bool:
        """Whether the file defines a function of this qualified name that nothing decorates."""
        if path not in self._plain:
            self._plain[path] = _undecorated(path)
        return name in self._plain[path]


def make_check(sources: Sources) -> Genuine:
    """Return the check of tests whose files are known to ``sources``."""
    function_type, realpath, installed = FunctionType, os.path.realpath, installed_folders()

    def genuine(function: Any, path: str, names: Sequence[str]) -> bool:
        depth = 0
        while depth < 50 and "__wrapped__" in getattr(function, "__dict__", ()):
            function = function.__dict__["__wrapped__"]
            depth += 1
        if type(function) is not function_type:
            return True
        code = function.__code__
        if sources.has(path, code) or not sources.leaves_plain(path, ".".join(names)):
            return True
        # Nothing decorates it in its file, and yet its code is another: an installed library
        # may wrap it without a trace (a metaclass does), the repository may not.
        return realpath(code.co_filename).startswith(installed)

    return genuine


def installed_folders() -> Tuple[str, ...]:
    """Return where Python and its libraries lie, which graded code cannot write to."""
    places = [os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)]
    return tuple(place.rstrip("/") + "/" for place in places)


def code_in(path: str) -> Set[CodeType]:
    """Return the code of all functions in a file, as it compiles; none where it does not."""
    codes: Set[CodeType] = set()
    try:
        with open(path, "rb") as file:
            _collect(compile(file.read(), path, "exec", dont_inherit=True), codes)
    except (OSError, SyntaxError, ValueError):
        return set()
    return codes


def _undecorated(path: str) -> Set[str]:
    names: Set[str] = set()
    try:
        with open(path, "rb") as file:
            _collect_plain(ast.parse(file.read(), filename=path), [], names)
    except (OSError, SyntaxError, ValueError):
        return set()
    return names


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

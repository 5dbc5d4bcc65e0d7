"""Tells whether hooks of pytest, or methods of a test, were put in place by graded code.

What pytest loads at its start, from a ``conftest.py`` or because ``pytest_plugins`` names it, is
the project's own way of testing. A plugin that comes otherwise, from the repository's source or
from nowhere, is not.
"""

import os
import sys
import unittest
from types import FunctionType, ModuleType
from typing import Any, Dict, List, Optional, Set

DECIDING = (
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_runtest_logreport",
    "pytest_pyfunc_call",
    "pytest_exception_interact",
    "pytest_fixture_setup",
    "pytest_sessionfinish",
)

METHODS = frozenset(
    ["run", "debug", "__call__", "_callSetUp", "_callTestMethod", "_callTearDown", "_callCleanup"]
    + [name for name in dir(unittest.TestCase) if name.startswith(("assert", "fail"))]
)
"""What a TestCase has from unittest, and what decides how it comes out."""


class HookWatch:
    """Knows who takes part in a session, and notices who joins it later."""

    def __init__(self, config: Any, workdir: str) -> None:
        self._config, self._inside = config, os.path.realpath(workdir) + "/"
        self._known: Dict[str, List[int]] = {}
        self._fine: Set[int] = set()
        self._keep: List[Any] = []
        self.begin()

    def begin(self) -> None:
        """Take all plugins that there are for the project's own."""
        for name in DECIDING:
            for implementation in self._implementations(name):
                self._accept(implementation)

    def intruder(self) -> Optional[str]:
        """Return a hook that something has joined which does not belong there, or None."""
        for name in DECIDING:
            implementations = self._implementations(name)
            ids = [id(implementation) for implementation in implementations]
            if ids == self._known.get(name):
                continue
            self._known[name] = ids
            for implementation in implementations:
                if id(implementation) not in self._fine:
                    if not self._belongs(implementation):
                        return name
                    self._accept(implementation)
        return None

    def _implementations(self, name: str) -> List[Any]:
        caller = getattr(self._config.hook, name, None)
        return [] if caller is None else list(caller.get_hookimpls())

    def _accept(self, implementation: Any) -> None:
        self._fine.add(id(implementation))
        self._keep.append(implementation)  # its id is given to nothing else

    def _belongs(self, implementation: Any) -> bool:
        function = getattr(implementation.function, "__func__", implementation.function)
        code = getattr(function, "__code__", None)
        file = os.path.realpath(code.co_filename) if code is not None else ""
        if os.path.exists(file) and not file.startswith(self._inside):
            return True
        plugin = implementation.plugin
        if isinstance(plugin, ModuleType):
            return os.path.basename(file) == "conftest.py" or plugin.__name__ in self._declared()
        # An object that a conftest.py has made is as good as the conftest.py itself.
        return os.path.basename(file) == "conftest.py"

    def _declared(self) -> Set[str]:
        """Return the names under ``pytest_plugins`` in conftest files, and in what these name."""
        names: Set[str] = set()
        waiting = [
            plugin
            for plugin in self._config.pluginmanager.get_plugins()
            if os.path.basename(getattr(plugin, "__file__", None) or "") == "conftest.py"
        ]
        while waiting:
            declared = getattr(waiting.pop(), "pytest_plugins", [])
            declared = declared.split(",") if isinstance(declared, str) else list(declared)
            for name in declared:
                if name not in names:
                    names.add(name)
                    waiting += filter(None, [sys.modules.get(name)])
        return names


def has_foreign_methods(item: Any) -> bool:
    """Whether a test got methods from elsewhere that decide how it comes out."""
    if "runtest" in vars(item):
        return True
    return foreign_case(getattr(item, "instance", None) or getattr(item, "_testcase", None))


def foreign_case(case: Any) -> bool:
    """Whether a TestCase, or its class, got methods that its own module does not define."""
    if not isinstance(case, unittest.TestCase):
        return False
    if any(callable(vars(case)[name]) for name in METHODS.intersection(vars(case))):
        return True
    for cls in type(case).__mro__:
        if cls.__module__ == "unittest.case":
            return False
        for name in METHODS.intersection(vars(cls)):
            method = vars(cls)[name]
            if callable(method) and getattr(method, "__module__", None) != cls.__module__:
                return not (isinstance(method, FunctionType) and _from_library(method))
    return False


def _from_library(function: Any) -> bool:
    file = os.path.realpath(function.__code__.co_filename)
    return file.startswith(os.path.realpath(sys.prefix) + "/") or "/site-packages/" in file

"""Tells whether somebody has changed the test framework since it was imported.

A function is known by its code and defaults, a class by what stands in it, a module by the
functions and classes under its names. What tests change and restore is no difference: they are
compared between tests.
"""

import builtins
import sys
import time
from types import FunctionType, ModuleType
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from agentrl.envs.swe.grading.runner.channel import Emit

PREFIXES = ("_pytest", "pytest", "pluggy", "unittest")
CRITICAL = (
    "_pytest.runner",
    "_pytest.python",
    "_pytest.python_api",
    "_pytest.raises",
    "_pytest.unittest",
    "_pytest.reports",
    "_pytest.outcomes",
    "_pytest.skipping",
    "_pytest.subtests",
    "_pytest.doctest",
    "_pytest.nodes",
    "_pytest.main",
    "_pytest.recwarn",
    "_pytest.fixtures",
    "_pytest._code",
    "_pytest.assertion",
    "pluggy",
    "pytest",
    "unittest.case",
    "unittest.result",
    "unittest.suite",
    "unittest.runner",
    "unittest.loader",
    "unittest",
)
"""Modules that are compared after every test; the others when there is time, and at the end."""

LAX = frozenset(
    "__import__ __build_class__ __debug__ __loader__ __spec__ open print input breakpoint "
    "copyright credits license exit quit help _".split()
)
"""Builtins that honest programs replace: import hooks, captured output, interactive shells."""

Part = Tuple[str, Any, str, Any]
"""A name to report, the namespace that holds it, its key, and what must be there."""
Body = Tuple[str, Any, Any, Any, Any]
"""A name to report, a function, and its code, defaults and keyword defaults."""

EVERY_S = 0.05
"""Time between two comparisons of the whole framework; its heart is compared after every test."""

_ABSENT = object()
_LEGACY = "_pytest.legacypath"


class Watch:
    """Fingerprints of the framework, to be compared with what it is later."""

    def __init__(self) -> None:
        self._critical = _Fingerprint(lambda name: _in(name, CRITICAL))
        self._all = _Fingerprint(lambda name: _in(name, PREFIXES))

    def changed(self, thorough: bool = False) -> Optional[str]:
        """Return the name of something that is not what it was, or None."""
        return (self._all if thorough else self._critical).changed()


class IntegrityCheck:
    """Compares the framework with what it was, and tells the first difference once."""

    def __init__(self, emit: Emit) -> None:
        self._emit, self._clock, self._last, self._told = emit, time.monotonic, 0.0, False
        self._watch = Watch()

    def begin(self) -> None:
        """Take the framework as it is now for what it must stay."""
        self._watch = Watch()

    def __call__(self, thorough: bool) -> None:
        now = self._clock()
        if thorough or now - self._last > EVERY_S:
            thorough, self._last = True, now
        name = self._watch.changed(thorough)
        if name is not None and not self._told:
            self._told = True
            self._emit("tampered", {"name": name})


class _Fingerprint:
    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._parts: List[Part] = []
        self._bodies: List[Body] = []
        self._sizes: List[Tuple[str, Any, int, Tuple[str, ...]]] = []
        self._seen: Dict[int, Any] = {}
        self._absent = _ABSENT
        # Pytest itself puts these into its classes, for the time of a session.
        self._own = (
            {id(value) for value in vars(sys.modules[_LEGACY]).values()}
            if _LEGACY in sys.modules
            else set()
        )
        for name in sorted(sys.modules):
            module = sys.modules[name]
            if isinstance(module, ModuleType) and wanted(name):
                self._add_module(name, module)
        for key, value in vars(builtins).items():
            if key not in LAX:
                self._parts.append(("builtins." + key, vars(builtins), key, value))
        for owner, key in ((sys, "excepthook"), (sys, "exc_info"), (sys, "modules")):
            self._parts.append(("sys." + key, vars(owner), key, vars(owner)[key]))

    def changed(self) -> Optional[str]:
        absent, own = self._absent, self._own
        for name, space, key, value in self._parts:
            now = space.get(key, absent)
            if now is not value and id(now) not in own:
                return name
        for name, function, code, defaults, kwdefaults in self._bodies:
            if function.__code__ is not code or function.__defaults__ is not defaults:
                return name
            if function.__kwdefaults__ is not kwdefaults:
                return name
        for name, space, size, inherited in self._sizes:
            if len(space) != size:
                for key in inherited:  # a name that hides one of a base class
                    if key in space:
                        return name + "." + key
        return None

    def _add_module(self, name: str, module: ModuleType) -> None:
        space = vars(module)
        for key, value in list(space.items()):
            if isinstance(value, FunctionType) or (isinstance(value, type) and _ours(value)):
                self._parts.append((name + "." + key, space, key, value))
                self._add("%s.%s" % (value.__module__, value.__qualname__), value)

    def _add(self, name: str, value: Any) -> None:
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, FunctionType):
            if _in(value.__module__ or "", PREFIXES):
                body = (value.__code__, value.__defaults__, value.__kwdefaults__)
                self._bodies.append((name, value) + body)
        elif isinstance(value, type):
            self._add_class(name, value)

    def _add_class(self, name: str, cls: type) -> None:
        space = vars(cls)
        inherited = tuple(key for key in dir(cls) if key not in space)
        self._sizes.append((name, space, len(space), inherited))
        for key, value in list(space.items()):
            if key in ("__doc__", "__abstractmethods__", "_abc_impl", "__annotations_cache__"):
                continue
            if key in _STATE or not _is_behaviour(value):
                continue
            self._parts.append((name + "." + key, space, key, value))
            for function in _functions(value):
                self._add(name + "." + key, function)


_STATE = frozenset(["_class_cleanups", "_testMethodName", "__dict__", "__weakref__"])


def _is_behaviour(value: Any) -> bool:
    return callable(value) or isinstance(value, (property, staticmethod, classmethod))


def _functions(value: Any) -> List[Any]:
    if isinstance(value, (staticmethod, classmethod)):
        return [value.__func__]
    if isinstance(value, property):
        return [part for part in (value.fget, value.fset, value.fdel) if part is not None]
    return [value] if isinstance(value, FunctionType) else []


def _ours(cls: type) -> bool:
    return _in(getattr(cls, "__module__", "") or "", PREFIXES)


def _in(name: str, prefixes: Sequence[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)

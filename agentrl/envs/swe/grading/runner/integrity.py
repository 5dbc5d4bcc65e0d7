"""Tells whether somebody has changed the test framework since it was imported.

A function is known by its code and defaults, a class by what stands in it, a module by the
functions and classes under its names. What tests change and restore is no difference: they are
compared between tests.
"""

import builtins
import os
import sys
import time
from operator import attrgetter, is_
from types import FunctionType, ModuleType
from typing import Any, Dict, List, Optional, Sequence, Tuple

from agentrl.envs.swe.grading.runner.channel import Emit
from agentrl.envs.swe.grading.runner.genuine import code_in, installed_folders

PREFIXES = ("_pytest", "pytest", "pluggy", "unittest")
CRITICAL = frozenset(
    "_pytest.runner _pytest.python _pytest.python_api _pytest.raises _pytest.unittest "
    "_pytest.reports _pytest.outcomes _pytest.skipping _pytest.subtests pluggy._callers "
    "pluggy._hooks pluggy._result pluggy._manager pytest unittest.case unittest.result".split()
)
"""Modules that are compared after every test; the others when there is time, and at the end."""

LAX = frozenset(
    "__import__ __build_class__ __debug__ __loader__ __spec__ open print input breakpoint "
    "copyright credits license exit quit help _".split()
)
"""Builtins that honest programs replace: import hooks, captured output, interactive shells."""

EVERY_S = 0.05
"""Time between two comparisons of the whole framework; its heart is compared after every test."""

_ABSENT = object()


class IntegrityCheck:
    """Compares the framework with what it was, and tells the first difference once."""

    def __init__(self, emit: Emit) -> None:
        self._emit, self._clock, self._last, self._told = emit, time.monotonic, 0.0, False
        self._critical, self._rest = _fingerprints()

    def begin(self) -> None:
        """Take the framework as it is now for what it must stay."""
        if self._changed(True) is not None:
            self._critical, self._rest = _fingerprints()

    def __call__(self, thorough: bool) -> None:
        now = self._clock()
        if thorough or now - self._last > EVERY_S:
            thorough, self._last = True, now
        name = self._changed(thorough)
        if name is not None and not self._told:
            self._told = True
            self._emit("tampered", {"name": name})

    def _changed(self, thorough: bool) -> Optional[str]:
        return self._critical.changed() or (self._rest.changed() if thorough else None)


def _fingerprints() -> "Tuple[_Fingerprint, _Fingerprint]":
    names = [name for name in sorted(sys.modules) if _in(name, PREFIXES)]
    seen: Dict[int, Any] = {}
    critical = _Fingerprint([name for name in names if name in CRITICAL], seen)
    shared = {key: value for key, value in vars(builtins).items() if key not in LAX}
    critical.add_space(_Space("builtins", vars(builtins), shared))
    own = {key: vars(sys)[key] for key in ("excepthook", "exc_info", "modules")}
    critical.add_space(_Space("sys", vars(sys), own))
    return critical, _Fingerprint([name for name in names if name not in CRITICAL], seen)


class _Fingerprint:
    """What some modules hold, without the classes and functions that another one has."""

    def __init__(self, names: Sequence[str], seen: Dict[int, Any]) -> None:
        self._spaces: List[_Space] = []
        self._functions: List[FunctionType] = []
        self._names: List[str] = []
        self._seen = seen
        self._own = _own_changes()
        for name in names:
            if isinstance(sys.modules[name], ModuleType):
                self._add_module(name, sys.modules[name])
        getters = [attrgetter(key) for key in ("__code__", "__defaults__", "__kwdefaults__")]
        self._bodies = [(get, list(map(get, self._functions))) for get in getters]

    def add_space(self, space: "_Space") -> None:
        """Take names into it that are those of no module of the framework."""
        self._spaces.append(space)

    def changed(self) -> Optional[str]:
        """Return the name of something that is not what it was, or None."""
        # Written for speed: this runs after every test, over thousands of names.
        same, every, mapped, functions = is_, all, map, self._functions
        for space in self._spaces:
            if not every(mapped(same, mapped(space.get, space.keys), space.values)):
                name = space.difference(self._own)
                if name is not None:
                    return name
            if len(space.held) != space.size and space.hidden() is not None:
                return space.hidden()
        for get, bodies in self._bodies:
            if not every(mapped(same, mapped(get, functions), bodies)):
                changed = [get(functions[at]) is not body for at, body in enumerate(bodies)]
                return self._names[changed.index(True)]
        return None

    def _add_module(self, name: str, module: ModuleType) -> None:
        held: Dict[str, Any] = {}
        for key, value in list(vars(module).items()):
            if isinstance(value, FunctionType) or (isinstance(value, type) and _ours(value)):
                held[key] = value
                self._add("%s.%s" % (value.__module__, value.__qualname__), value)
        self._spaces.append(_Space(name, vars(module), held))

    def _add(self, name: str, value: Any) -> None:
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, FunctionType):
            if _in(value.__module__ or "", PREFIXES):
                self._functions.append(value)
                self._names.append(name)
        elif isinstance(value, type):
            self._add_class(name, value)

    def _add_class(self, name: str, cls: type) -> None:
        held: Dict[str, Any] = {}
        for key, value in list(vars(cls).items()):
            if key not in _STATE and _is_behaviour(value):
                held[key] = value
                for function in _functions(value):
                    self._add(name + "." + key, function)
        inherited = tuple(key for key in dir(cls) if key not in vars(cls))
        self._spaces.append(_Space(name, vars(cls), held, inherited))


class _Space:
    """The names of a module or a class, and what must stand under them."""

    def __init__(
        self, name: str, held: Any, wanted: Dict[str, Any], inherited: Tuple[str, ...] = ()
    ) -> None:
        self.name, self.held, self.get = name, held, held.get
        self.keys, self.values = tuple(wanted), list(wanted.values())
        self._inherited = inherited
        self.size = len(held)

    def difference(self, own: Dict[int, Any]) -> Optional[str]:
        """Return the first name that holds something else, unless pytest or a library did that."""
        for place, key in enumerate(self.keys):
            now = self.get(key, _ABSENT)
            if now is not self.values[place] and id(now) not in own:
                if not _from_library(now):
                    return self.name + "." + key
                self.values[place] = now
        return None

    def hidden(self) -> Optional[str]:
        """Return a new name that hides one of a base class."""
        for key in self._inherited:
            if key in self.held and not _from_library(self.held[key]):
                return self.name + "." + key
        return None


def _own_changes() -> Dict[int, Any]:
    """Return what pytest itself puts into its classes, for the time of a session."""
    legacy = sys.modules.get("_pytest.legacypath")
    return {id(value): value for value in vars(legacy).values()} if legacy else {}


def _from_library(value: Any) -> bool:
    """Whether an installed library defines this function: its file says so, not the function.

    Neither the standard library nor the framework are meant: of their own functions, one in the
    place of another is no honest change.
    """
    value = getattr(value, "__func__", value)
    if not isinstance(value, FunctionType) or _in(value.__module__ or "", PREFIXES):
        return False
    path = os.path.realpath(value.__code__.co_filename)
    inside = path.startswith(installed_folders()) and "-packages/" in path
    return inside and value.__code__ in code_in(path)


_STATE = frozenset(
    ["_class_cleanups", "__dict__", "__weakref__", "__abstractmethods__", "_abc_impl"]
)


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

"""One session of unittest, reported test by test."""

import os
import sys
import traceback
import unittest
from typing import Any, Callable, Dict, List, Tuple

from agentrl.envs.swe.grading.runner.channel import Emit
from agentrl.envs.swe.grading.runner.genuine import Sources, make_check
from agentrl.envs.swe.grading.runner.hooks import foreign_case
from agentrl.envs.swe.grading.runner.integrity import IntegrityCheck

WORST = ("PASSED", "XPASS", "XFAIL", "SKIPPED", "FAILED", "ERROR")


def load() -> Callable[[Dict[str, Any], Emit], int]:
    """Import what unittest needs while nothing of the repository can be in the way."""

    def run(settings: Dict[str, Any], emit: Emit) -> int:
        check = IntegrityCheck(emit)
        loader = unittest.TestLoader()
        suites = [_by_path(loader, path) for path in settings["first"]]
        asked = [_named(loader, name, settings, emit) for name in settings["arguments"]]
        suites += asked + [_by_path(loader, path) for path in settings["last"]]
        check(True)
        make_result = _result_maker(settings, emit, check)
        with open(os.devnull, "w") as nowhere:
            for suite in suites:
                # Tests whose results are known are nothing for a person to read.
                result = make_result(sys.stderr if suite in asked else nowhere)
                suite.run(result)
                if suite in asked:
                    result.printErrors()
        check(True)
        return 0

    return run


def _by_path(loader: unittest.TestLoader, path: str) -> Any:
    import importlib.util

    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return loader.loadTestsFromModule(module)


def _named(loader: Any, name: str, settings: Dict[str, Any], emit: Emit) -> Any:
    suite = _load(loader, name, settings)
    for message in loader.errors:
        emit("broken", {"id": name, "message": message[-settings["message"] :]})
    del loader.errors[:]
    return suite


def _load(loader: unittest.TestLoader, name: str, settings: Dict[str, Any]) -> Any:
    path = os.path.join(settings["workdir"], name)
    if os.path.isdir(path):
        packaged = os.path.exists(os.path.join(path, "__init__.py"))
        top = settings["workdir"] if packaged else path
        return loader.discover(path, top_level_dir=top)
    if name.endswith(".py"):
        name = name[:-3].replace("/", ".")
    return loader.loadTestsFromName(name)


def _result_maker(
    settings: Dict[str, Any], emit: Emit, check: IntegrityCheck
) -> Callable[[Any], Any]:
    """Return what makes a result that writes for a person to a stream, and records the rest."""
    genuine, longest = make_check(Sources()), settings["message"]
    statuses: List[Tuple[str, str]] = []
    modules, text_of = sys.modules, traceback.format_exception
    worst, is_class, holder = WORST.index, isinstance, _holder()

    class Result(unittest.TextTestResult):
        def startTest(self, test: Any) -> None:  # noqa: N802
            super(Result, self).startTest(test)
            statuses[:] = []

        def stopTest(self, test: Any) -> None:  # noqa: N802
            super(Result, self).stopTest(test)
            status, message = max(statuses or [("ERROR", "")], key=lambda pair: worst(pair[0]))
            fields = {"id": test.id(), "status": status}
            if message:
                fields["message"] = message
            check(False)
            emit("test" if real(test) else "foreign", fields)
            statuses[:] = []

        def addSuccess(self, test: Any) -> None:  # noqa: N802
            super(Result, self).addSuccess(test)
            statuses.append(("PASSED", ""))

        def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
            super(Result, self).addFailure(test, err)
            statuses.append(("FAILED", text(err)))

        def addError(self, test: Any, err: Any) -> None:  # noqa: N802
            super(Result, self).addError(test, err)
            if is_class(test, holder):
                emit("broken", {"id": broken_id(test.id()), "message": text(err)})
            else:
                statuses.append(("ERROR", text(err)))

        def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
            super(Result, self).addSkip(test, reason)
            statuses.append(("SKIPPED", ""))

        def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
            super(Result, self).addExpectedFailure(test, err)
            statuses.append(("XFAIL", ""))

        def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
            super(Result, self).addUnexpectedSuccess(test)
            statuses.append(("XPASS", ""))

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
            super(Result, self).addSubTest(test, subtest, err)
            if err is not None:
                statuses.append(("FAILED", text(err)))

    def real(test: Any) -> bool:
        name = getattr(test, "_testMethodName", "")
        method = getattr(test, name, None)
        file = getattr(modules.get(type(test).__module__), "__file__", None)
        if foreign_case(test):
            return False
        if method is None or not file:
            return True
        function = getattr(method, "__func__", method)
        return genuine(function, file, [*type(test).__qualname__.split("."), name])

    def text(err: Any) -> str:
        try:
            lines = "".join(text_of(*err))
        except Exception:  # noqa: BLE001 - what graded objects do when they are printed
            return ""
        return lines if len(lines) <= longest else "..." + lines[-longest:]

    decorated = unittest.runner._WritelnDecorator
    return lambda stream: Result(decorated(stream), True, 2)


def _holder() -> Any:
    import unittest.suite

    return unittest.suite._ErrorHolder  # type: ignore[attr-defined]


def broken_id(name: str) -> str:
    """Return which ids cannot have run: those that begin so.

    >>> broken_id("setUpClass (tests.test_a.Cases)")
    'tests.test_a.Cases'
    """
    return name[name.find("(") + 1 :].rstrip(")")

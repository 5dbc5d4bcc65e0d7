"""The plugins that see how each test of a pytest session comes out.

Two of them: one around all other plugins, and one inside of them, next to the test's own body. A
test has passed only if neither saw an exception and pytest itself reports it as passed, so that no
hook, mark or plugin can turn a failure into a success.
"""

import os
import sys
import unittest
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from agentrl.envs.swe.grading.runner.channel import Emit
from agentrl.envs.swe.grading.runner.genuine import Genuine, Sources, make_check
from agentrl.envs.swe.grading.runner.hooks import HookWatch, has_foreign_methods
from agentrl.envs.swe.grading.runner.integrity import IntegrityCheck

WORST = ("PASSED", "XPASS", "XFAIL", "SKIPPED", "FAILED", "ERROR")
"""Statuses, the later the worse: a test has the worst of its phases."""


class _Test:
    """What is known of the test that runs."""

    def __init__(self) -> None:
        self.raised: Dict[str, Any] = {}
        self.outcomes: Dict[str, Tuple[str, bool]] = {}
        self.failed_aside = False
        self.genuine = True
        self.message = ""


def make_plugins(pytest: Any, settings: Dict[str, Any], emit: Emit) -> List[Any]:
    """Return the plugins of a session."""
    genuine = make_check(_watched_sources())
    check = IntegrityCheck(emit)
    current: List[_Test] = []
    status_of, note_status = _make_status(pytest)
    hookimpl, longest, workdir = pytest.hookimpl, settings["message"], settings["workdir"]
    hooks: List[HookWatch] = []
    marks = _Marks(workdir)
    canaries: List[Any] = []
    from _pytest.runner import runtestprotocol as protocol

    class Outer(object):
        @hookimpl()  # after pytest's own plugins that come first, before conftest files
        def pytest_load_initial_conftests(self, early_config: Any) -> None:
            if not _loaded_from(workdir):  # the plugins of the image may change what they like
                check.begin()
            hooks.append(HookWatch(early_config, workdir))

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(self, session: Any, items: List[Any]) -> Any:
            yield
            first, last = _canaries(pytest, session, settings)
            known = settings["first"] + settings["last"]
            canaries.extend(first + last)
            items[:] = first + [item for item in items if _path(item) not in known] + last
            check(True)

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_sessionfinish(self, exitstatus: Any) -> Any:
            yield
            check(True)  # pytest takes its own changes back after this
            if settings.get("joined"):
                emit("end", {"status": str(int(exitstatus))})

        @hookimpl(tryfirst=True)
        def pytest_collectreport(self, report: Any) -> None:
            if report.outcome == "failed":
                emit("broken", {"id": report.nodeid, "message": _text(report, longest)})

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_protocol(self, item: Any) -> Any:
            current[:] = [_Test()]
            yield
            check(False)
            test = current.pop()
            fields = {"id": name_of(item, workdir), "status": status_of(test)}
            if fields["status"] == "XFAIL" and not marks.mentioned(item):
                fields["status"] = "FAILED"
            if test.message and fields["status"] != "PASSED":
                fields["message"] = test.message
            emit("test" if test.genuine else "foreign", fields)
            intruder = hooks[0].intruder()
            if intruder is not None:
                emit("tampered", {"name": intruder})

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_setup(self, item: Any) -> Any:
            if current:  # once more from the start, where a plugin repeats what failed
                current[0] = _Test()
            note_status(current, "setup", (yield))

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_call(self, item: Any) -> Any:
            if current:
                current[0].genuine = _is_genuine(genuine, item)
            note_status(current, "call", (yield))

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_teardown(self, item: Any) -> Any:
            note_status(current, "teardown", (yield))

        @hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
            report = (yield).get_result()
            if current:
                test, xfail = current[0], getattr(report, "wasxfail", None) is not None
                test.outcomes[call.when] = (str(report.outcome), xfail)
                if report.outcome == "failed" and not test.message:
                    test.message = _text(report, longest)

        @hookimpl(tryfirst=True)
        def pytest_runtest_logreport(self, report: Any) -> None:
            if current and report.outcome == "failed" and report.when == "call":
                current[0].failed_aside = True  # a subtest, beside the test's own report
                current[0].message = current[0].message or _text(report, longest)

    class Inner(object):
        @hookimpl(hookwrapper=True, trylast=True)
        def pytest_runtest_call(self, item: Any) -> Any:
            outcome = yield
            noted = getattr(item, "_excinfo", None)  # how pytest keeps what a TestCase raised
            note_status(current, "body", outcome, noted[0].type if noted else None)

    class Quiet(object):
        @hookimpl(tryfirst=True)
        def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Optional[bool]:
            if item not in canaries:
                return None
            item.repr_failure = str  # nobody reads what it says
            protocol(item, log=False, nextitem=nextitem)
            return True

    return [Outer(), Inner(), Quiet()]


class _Marks:
    """Tells whether anybody but graded code can have said that a test may fail."""

    def __init__(self, workdir: str) -> None:
        self._workdir = workdir
        self._known: Dict[str, bool] = {}

    def mentioned(self, item: Any) -> bool:
        """Whether the test's file, or a conftest.py above it, knows of expected failures."""
        path = _path(item)
        places = [path]
        folder = os.path.dirname(path)
        while folder.startswith(self._workdir) and len(places) < 50:
            places.append(os.path.join(folder, "conftest.py"))
            folder = os.path.dirname(folder)
        return any(self._mentions(place) for place in places)

    def _mentions(self, path: str) -> bool:
        if path not in self._known:
            try:
                with open(path, "rb") as file:
                    text = file.read()
            except OSError:
                text = b""
            self._known[path] = b"xfail" in text or b"expectedFailure" in text
        return self._known[path]


def name_of(item: Any, workdir: str) -> str:
    """Return a test's id with its file relative to the repository."""
    path = _path(item)
    _, colons, rest = item.nodeid.partition("::")
    if not path.startswith(workdir + "/"):
        path, workdir = os.path.realpath(path), os.path.realpath(workdir)
    return str(os.path.relpath(path, workdir) + colons + rest)


def _make_status(pytest: Any) -> Tuple[Callable[[_Test], str], Callable[..., None]]:
    """Return what tells a test's status, and what notes the exception of a phase."""
    skips = (pytest.skip.Exception, unittest.SkipTest)
    xfailed, subclass, worst = pytest.xfail.Exception, issubclass, WORST.index

    def note(current: List[_Test], phase: str, outcome: Any, error: Any = None) -> None:
        raised = outcome.excinfo
        if current:
            current[0].raised[phase] = raised[0] if raised else error

    def of_error(error: Any, phase: str) -> str:
        if subclass(error, skips):
            return "SKIPPED"
        if subclass(error, xfailed):
            return "XFAIL"
        return "FAILED" if phase == "call" else "ERROR"

    def of_phase(test: _Test, phase: str) -> str:
        outcome, xfail = test.outcomes.get(phase, ("missing", False))
        error = test.raised.get(phase)
        if phase == "call":
            error = error or test.raised.get("body")
        if outcome == "failed":
            return "FAILED" if phase == "call" else "ERROR"
        if outcome == "skipped":
            return "XFAIL" if xfail else "SKIPPED"
        if error is not None:
            return of_error(error, phase)
        if outcome != "passed":
            return "ERROR"
        return "XPASS" if xfail else "PASSED"

    def status_of(test: _Test) -> str:
        statuses = [of_phase(test, "setup"), of_phase(test, "teardown")]
        if statuses[0] == "PASSED":
            statuses.append(of_phase(test, "call"))
        if test.failed_aside:
            statuses.append("FAILED")
        return max(statuses, key=worst)

    return status_of, note


def _canaries(pytest: Any, session: Any, settings: Dict[str, Any]) -> Tuple[List[Any], List[Any]]:
    """Collect the tests whose results are known, to stand before and behind the others."""
    groups: List[List[Any]] = []
    for key in ("first", "last"):
        modules = [_module(pytest, session, path) for path in settings[key]]
        groups.append([item for module in modules for item in session.genitems(module)])
    return groups[0], groups[1]


def _module(pytest: Any, session: Any, path: str) -> Any:
    import pathlib

    root = str(getattr(session.config, "rootpath", None) or session.config.rootdir)
    nodeid = os.path.relpath(path, root)
    if not hasattr(pytest.Module, "from_parent"):
        return pytest.Module(session.fspath.__class__(path), parent=session, nodeid=nodeid)
    make = pytest.Module.from_parent
    try:
        return make(session, path=pathlib.Path(path), nodeid=nodeid)
    except TypeError:  # before pytest 7
        return make(session, fspath=session.fspath.__class__(path), nodeid=nodeid)


def _watched_sources() -> Sources:
    """Return what notes the code of every file whose assertions pytest rewrites from now on."""
    from _pytest.assertion import rewrite

    sources, compiled = Sources(), getattr(rewrite, "_rewrite_test", None)
    if compiled is not None and not hasattr(compiled, "genuine"):

        def noted(*arguments: Any) -> Any:
            result = compiled(*arguments)
            for argument in arguments:
                if hasattr(argument, "__fspath__") or isinstance(argument, str):
                    sources.note(str(argument), result[1])
            return result

        noted.genuine = compiled  # type: ignore[attr-defined]
        rewrite._rewrite_test = noted  # type: ignore[assignment]
    return sources


def _is_genuine(genuine: Genuine, item: Any) -> bool:
    if has_foreign_methods(item):
        return False
    function = getattr(item, "obj", None)
    function = getattr(function, "__func__", function)
    names: Sequence[str] = item.nodeid.split("[")[0].split("::")[1:]
    return genuine(function, _path(item), names)


def _path(item: Any) -> str:
    return str(getattr(item, "path", None) or item.fspath)


def _loaded_from(workdir: str) -> bool:
    """Whether a module of the repository has been imported."""
    inside = (workdir + "/", os.path.realpath(workdir) + "/")
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return any(isinstance(file, str) and file.startswith(inside) for file in files)


def _text(report: Any, longest: int) -> str:
    """Return the end of what a report says, which names the error."""
    try:
        text = str(report.longrepr)
    except Exception:  # noqa: BLE001 - what graded objects do when they are printed
        return ""
    return text if len(text) <= longest else "..." + text[-longest:]

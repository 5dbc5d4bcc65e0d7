"""Runs tests and tells which lines of the repository each test file reaches.

It is copied into a sandbox and run there with the repository's Python. Settings come as JSON on
standard input; what was found is written as JSON to the path ``out``: for each file of the
repository, for each test file (empty: while tests were being loaded), the lines.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Tracer:
    """Notes the lines that run, under the name of the test file that is at work."""

    def __init__(self, workdir: Path) -> None:
        self.reached: dict[str, dict[str, set[int]]] = {}
        self._prefix = f"{workdir}/"
        self._current = ""
        self._lines: dict[str, set[int]] = {}

    def enter(self, test_file: str) -> None:
        """Go on under the name of this test file."""
        if test_file != self._current:
            self._current = test_file
            self._lines = {}

    def __call__(self, frame: Any, event: str, argument: Any) -> Any:
        """Look at a call: follow it line by line where it is the repository's code."""
        path = frame.f_code.co_filename
        if not path.startswith(self._prefix):
            return None
        lines = self._lines.get(path)
        if lines is None:
            name = path[len(self._prefix) :]
            lines = self.reached.setdefault(name, {}).setdefault(self._current, set())
            self._lines[path] = lines
        lines.add(frame.f_lineno)
        return _line_tracer(lines.add)


def _line_tracer(note: Callable[[int], None]) -> Callable[..., Any]:
    def trace(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            note(frame.f_lineno)
        return trace

    return trace


def main() -> None:
    """Run the tests, write down what they reached, and leave with whatever still runs."""
    settings = json.load(sys.stdin)
    workdir = Path(settings["workdir"]).resolve()
    os.chdir(workdir)
    paths = [str(workdir), *(os.path.normpath(workdir / path) for path in settings["import_paths"])]
    sys.path[0:1] = list(dict.fromkeys(paths))
    tracer = Tracer(workdir)
    run = _run_unittest if settings["framework"] == "unittest" else _run_pytest
    threading.settrace(tracer)
    sys.settrace(tracer)
    try:
        run(settings, tracer)
    finally:
        sys.settrace(None)
    Path(settings["out"]).write_text(json.dumps(tracer.reached, default=sorted))
    os._exit(0)


def _run_pytest(settings: dict[str, Any], tracer: Tracer) -> None:
    import pytest

    here = Path.cwd()

    class Plugin:
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_setup(self, item: Any) -> None:
            tracer.enter(os.path.relpath(Path(str(item.fspath)).resolve(), here))

    arguments = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    pytest.main([*arguments, *settings["options"], *settings["arguments"]], plugins=[Plugin()])


def _run_unittest(settings: dict[str, Any], tracer: Tracer) -> None:
    import unittest

    class Result(unittest.TextTestResult):
        def startTest(self, test: Any) -> None:  # noqa: N802
            tracer.enter(type(test).__module__)
            super().startTest(test)

    loader: Any = unittest.TestLoader()
    result: Any = Result
    suite = unittest.TestSuite(_load(loader, name) for name in settings["arguments"])
    unittest.TextTestRunner(resultclass=result).run(suite)


def _load(loader: Any, name: str) -> Any:
    if Path(name).is_dir():
        packaged = Path(name, "__init__.py").exists()
        return loader.discover(name, top_level_dir=str(Path.cwd()) if packaged else name)
    return loader.loadTestsFromName(name[:-3].replace("/", ".") if name.endswith(".py") else name)


if __name__ == "__main__":
    main()

"""Finding a test by the id that a data set has for it."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from itertools import islice, takewhile

from agentrl.envs.swe.grading.verdict import Status

_PASSING = (Status.PASSED, Status.XFAIL)
_PATH = re.compile(r"\[(/(?!/)[^\]*]*/)([^\]/*]*)\]")
_TIMES = (
    re.compile(r"\s*\[\s*\d+(?:\.\d+)?\s*m?s\s*\]$", re.IGNORECASE),
    re.compile(r"\s*\(\s*\d+(?:\.\d+)?\s*m?s\s*\)$", re.IGNORECASE),
    re.compile(r"\s+in\s+\d+(?:\.\d+)?\s+m?sec\b", re.IGNORECASE),
)


class Finder:
    """Finds tests among those that a run told of.

    Data sets name some tests otherwise than the log does. An id that was cut off at a blank inside
    of its brackets stands for every test that begins so, if these agree about passing. Paths in
    brackets are compared by their last part; how long a test took, or why it failed, is no part of
    its name.
    """

    def __init__(self, statuses: Mapping[str, Status]) -> None:
        """Look into these outcomes, by id."""
        self._statuses = statuses
        self._sorted: list[str] | None = None
        self._plain: dict[str, list[str]] = {}

    def exact(self, test: str) -> Status | None:
        """Return how the test with this very id came out; None where it was not seen."""
        return self._statuses.get(test)

    def status(self, test: str) -> Status | None:
        """Return how a test came out.

        None where it was not seen, or where nobody can say which of several it is.
        """
        if test in self._statuses:
            return self._statuses[test]
        found = [self._statuses[name] for name in self._names(test)]
        if len({status in _PASSING for status in found}) != 1:
            return None
        return next((status for status in found if status not in _PASSING), found[0])

    def _names(self, test: str) -> list[str]:
        """Return the tests that an id can stand for."""
        names = self._index()
        for plain in (plain_name(test), plain_name(without_reason(test))):
            if plain in self._plain:
                return self._plain[plain]
        if test.count("[") <= test.count("]"):
            return []
        begin = bisect_left(names, test)
        return list(takewhile(lambda name: name.startswith(test), islice(names, begin, None)))

    def _index(self) -> list[str]:
        if self._sorted is None:
            self._sorted = sorted(self._statuses)
            for name in self._sorted:
                self._plain.setdefault(plain_name(name), []).append(name)
        return self._sorted


def find_status(statuses: Mapping[str, Status], test: str) -> Status | None:
    """Return how a test came out; see ``Finder``, which is quicker for many tests.

    >>> seen = {"a.py::t[log(x y)]": Status.PASSED, "a.py::t[log(x z)]": Status.PASSED}
    >>> find_status(seen, "a.py::t[log(x"), find_status(seen, "a.py::t")
    (<Status.PASSED: 'PASSED'>, None)
    """
    return Finder(statuses).status(test)


def plain_name(test: str) -> str:
    """Return a test's name without what differs from run to run.

    >>> plain_name("a.py::t[/tmp/x1/data.csv]"), plain_name("reads a file (12 ms)")
    ('a.py::t[/data.csv]', 'reads a file')
    """
    for time in _TIMES:
        test = time.sub("", test)
    test = test.replace("MouseButton.LEFT", "1").replace("MouseButton.RIGHT", "3")
    return _PATH.sub(r"[/\2]", test).strip()


def without_reason(test: str) -> str:
    """Cut off why a test failed: what follows the first `` - `` that is not inside of brackets.

    >>> without_reason("a.py::t - assert 0"), without_reason("a.py::t[x - y] - assert 0")
    ('a.py::t', 'a.py::t[x - y]')
    """
    at = test.find(" - ")
    while at >= 0:
        name = test[:at]
        if "[" not in name or name.endswith("]"):
            return name
        at = test.find(" - ", at + 1)
    return test

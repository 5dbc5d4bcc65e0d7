"""Finding a test by the id that a data set has for it."""

import re
from collections.abc import Mapping

from agentrl.envs.swe.grading.verdict import Status

_PASSING = (Status.PASSED, Status.XFAIL)
_PATH = re.compile(r"\[(/(?!/)[^\]*]*/)([^\]/*]*)\]")
_TIMES = (
    re.compile(r"\s*\[\s*\d+(?:\.\d+)?\s*m?s\s*\]$", re.IGNORECASE),
    re.compile(r"\s*\(\s*\d+(?:\.\d+)?\s*m?s\s*\)$", re.IGNORECASE),
    re.compile(r"\s+in\s+\d+(?:\.\d+)?\s+m?sec\b", re.IGNORECASE),
)


def find_status(statuses: Mapping[str, Status], test: str) -> Status | None:
    """Return how a test came out; None where it was not seen, or nobody can say which one it is.

    Data sets name some tests otherwise than the log does. An id that was cut off at a blank inside
    of its brackets stands for every test that begins so, if these agree about passing. Paths in
    brackets are compared by their last part, and how long a test took is no part of its name.

    >>> seen = {"a.py::t[log(x y)]": Status.PASSED, "a.py::t[log(x z)]": Status.PASSED}
    >>> find_status(seen, "a.py::t[log(x"), find_status(seen, "a.py::t")
    (<Status.PASSED: 'PASSED'>, None)
    """
    if test in statuses:
        return statuses[test]
    plain = plain_name(test)
    found = [status for name, status in statuses.items() if plain_name(name) == plain]
    if not found and test.count("[") > test.count("]"):
        found = [status for name, status in statuses.items() if name.startswith(test)]
    if len({status in _PASSING for status in found}) != 1:
        return None
    return next((status for status in found if status not in _PASSING), found[0])


def plain_name(test: str) -> str:
    """Return a test's name without what differs from run to run.

    >>> plain_name("a.py::t[/tmp/x1/data.csv]"), plain_name("reads a file (12 ms)")
    ('a.py::t[/data.csv]', 'reads a file')
    """
    for time in _TIMES:
        test = time.sub("", test)
    test = test.replace("MouseButton.LEFT", "1").replace("MouseButton.RIGHT", "3")
    return _PATH.sub(r"[/\2]", test).strip()

"""Logs of SymPy's own runner, ``bin/test --verbose``."""

import re

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_OUTCOMES = {
    "ok": Status.PASSED,
    "F": Status.FAILED,
    "E": Status.ERROR,
    "f": Status.XFAIL,
    "X": Status.XPASS,
    "s": Status.SKIPPED,
    "w": Status.SKIPPED,
}
_LINE = re.compile(
    r"(?P<test>test_\S*) (?:.* )?(?P<outcome>ok|[FEfXsw])(?: - .*)?(?: *\[(?:OK|FAIL)\])?"
)
_HEADER = re.compile(r"_+ (?P<file>\S+\.py):(?P<test>\S+) _+")


def parse_sympy(log: str) -> Statuses:
    """Read a log of SymPy's runner, which names tests without their files.

    A test that failed also goes by ``FILE:TEST``, as the reports at the end have it.
    """
    statuses: Statuses = {}
    for line in map(str.strip, clean_lines(log)):
        if found := _LINE.fullmatch(line):
            note(statuses, found["test"], _OUTCOMES[found["outcome"]])
        elif header := _HEADER.fullmatch(line):
            note(statuses, f"{header['file']}:{header['test']}", Status.FAILED)
            note(statuses, header["test"], Status.FAILED)
    return statuses

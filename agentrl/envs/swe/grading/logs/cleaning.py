"""What all parsers of logs share: clean lines, and a record that keeps the worst."""

import re
from collections.abc import Iterator
from typing import TypeAlias

from agentrl.envs.swe.grading.verdict import Status

Statuses: TypeAlias = dict[str, Status]
"""How each test came out, by id."""

LONGEST_LINE = 4_000
"""Lines beyond this many characters name no test; they are left out."""

_START = ">>>>> Start Test Output"
_END = ">>>>> End Test Output"
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), 127])
_BADNESS = {
    Status.PASSED: 0,
    Status.XPASS: 1,
    Status.XFAIL: 2,
    Status.SKIPPED: 3,
    Status.FAILED: 4,
    Status.ERROR: 5,
}


def clean_lines(log: str) -> Iterator[str]:
    r"""Yield the lines of a log without colours, control characters and blanks at their ends.

    Where marks say where the tests' output begins and ends, only what lies between the first and
    the last of them is looked at. Of a line that was written over, what is left counts.

    >>> list(clean_lines("a\x1b[32mPASSED\x1b[0m \r\n10%\r20%"))
    ['aPASSED', '20%']
    """
    for line in _between_marks(log).split("\n"):
        if len(line) > LONGEST_LINE:
            continue
        line = _ESCAPES.sub("", line) if "\x1b" in line else line
        line = line.rstrip("\r").rpartition("\r")[2]
        yield line.translate(_CONTROLS).rstrip()


def note(statuses: Statuses, test: str, status: Status) -> None:
    """Record how a test came out; the worst of what was recorded before stays."""
    before = statuses.get(test)
    if before is None or _BADNESS[status] > _BADNESS[before]:
        statuses[test] = status


def _between_marks(log: str) -> str:
    begin, end = log.find(_START), log.rfind(_END)
    if begin < 0:
        return log
    begin += len(_START)
    return log[begin:end] if end > begin else log[begin:]

"""Logs of unittest and of Django's runner, with ``-v`` or ``--verbosity 2``."""

import re

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_OUTCOMES = {
    "ok": Status.PASSED,
    "OK": Status.PASSED,
    "FAIL": Status.FAILED,
    "ERROR": Status.ERROR,
    "skipped": Status.SKIPPED,
    "expected failure": Status.XFAIL,
    "unexpected success": Status.XPASS,
}
_OUTCOME = re.compile(rf"(?P<outcome>{'|'.join(_OUTCOMES)})(?<!skipped)|(?P<skip>skipped)\b.*")
_HEADER = re.compile(r"(?P<outcome>FAIL|ERROR): (?P<test>.+)")
_TEST = re.compile(r"[^\s.]\S* \([\w.<>]+\)")


def parse_unittest(log: str) -> Statuses:
    """Read a log of unittest.

    A test goes by the text before its outcome. Where it has a docstring that is the docstring's
    first line, and the test's own name stands on the line before; it goes by both. What the
    reports at the end call failed has failed, whatever was printed before.
    """
    return _Reader().read(log)


class _Reader:
    """Goes through a log line by line."""

    def __init__(self) -> None:
        self._statuses: Statuses = {}
        self._names: tuple[str, ...] = ()
        """The test whose outcome is still to come."""
        self._before = ""

    def read(self, log: str) -> Statuses:
        for line in clean_lines(log):
            self._take(line.strip())
            self._before = line.strip()
        return self._statuses

    def _take(self, line: str) -> None:
        if header := _HEADER.fullmatch(line):
            self._fail(header["test"], _OUTCOMES[header["outcome"]])
        elif " ... " in f"{line} ":
            name, _, rest = f"{line} ".rpartition(" ... ")
            self._begin(self._all_names(name.strip()), rest.strip())
        else:
            self._end(line)

    def _begin(self, names: tuple[str, ...], rest: str) -> None:
        """Take up a test, unless this is only a line that a test printed."""
        if _OUTCOME.fullmatch(rest) or any(map(_TEST.fullmatch, names)):
            self._names = names
        self._end(rest)

    def _all_names(self, name: str) -> tuple[str, ...]:
        """Return what a test goes by, freed of what was printed before it on the same line."""
        _, found, last = name.rpartition("...")
        name = last.strip() if found and _TEST.fullmatch(last.strip()) else name
        above = _TEST.fullmatch(self._before)
        return (self._before, name) if above and not _TEST.fullmatch(name) else (name,)

    def _end(self, text: str) -> None:
        outcome = _OUTCOME.fullmatch(text)
        if outcome is None or not self._names:
            return
        for name in self._names:
            note(self._statuses, name, _OUTCOMES[outcome["outcome"] or "skipped"])
        self._names = ()

    def _fail(self, test: str, status: Status) -> None:
        """Note a failure that the reports at the end tell, also for a part of a test."""
        found = _TEST.match(test)
        note(self._statuses, found[0] if found else test, status)

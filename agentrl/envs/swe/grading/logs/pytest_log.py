"""Logs of pytest: the progress lines of ``-v`` and the short summary of ``-rA``."""

import re
from collections.abc import Iterator, Sequence

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.logs.ids import plain_name, without_reason
from agentrl.envs.swe.grading.verdict import Status

_STATUS = "PASSED|FAILED|SKIPPED|ERROR|XFAIL|XPASS"
_NO_PASS = (Status.FAILED, Status.ERROR)
_SUMMARY = "short test summary info"
_SECTIONS = ("FAILURES", "ERRORS", "PASSES", "XFAILURES", "XPASSES", "warnings summary", _SUMMARY)
_DURATION = re.compile(r"\bin \d")
_PROGRESS = re.compile(
    rf"(?P<test>\S.*?) (?P<status>{_STATUS})(?: \(.*\))?(?: +\[ *\d+(?:%|/\d+)\])?"
)
_PARALLEL = re.compile(rf"\[gw\d+\](?: \[ *\d+%\])? (?P<status>{_STATUS}) (?P<test>\S.*)")
_LINE = re.compile(rf"(?P<status>{_STATUS}) (?P<test>\S.*)")
_COUNT = re.compile(r"\[\d+\] ")


def parse_pytest(log: str) -> Statuses:
    """Read a log of pytest.

    Passed tests are taken from the last short summary, and from progress lines above all reports
    of failures; what tests printed stands in those reports and does not count. That a test failed
    is believed wherever a summary says so.
    """
    lines = list(clean_lines(log))
    statuses: Statuses = {}
    for test, status in _progress(lines):
        note(statuses, test, status)
    starts = [number for number, line in enumerate(lines) if _title(line) == _SUMMARY]
    for start in starts:
        for test, status in _summary(lines, start + 1):
            if start == starts[-1] or status in _NO_PASS:
                note(statuses, test, status)
    return statuses


def parse_pytest_options(log: str) -> Statuses:
    """Read a log of pytest in which paths in brackets stand for their last part."""
    statuses: Statuses = {}
    for test, status in parse_pytest(log).items():
        note(statuses, plain_name(test), status)
    return statuses


def parse_r2e(log: str) -> Statuses:
    """Read a log of pytest as R2E-Gym names tests: without the file, parts joined by points.

    Only what passed, failed or broke in the last short summary counts.
    """
    lines = list(clean_lines(log))
    starts = [number for number, line in enumerate(lines) if _title(line) == _SUMMARY]
    statuses: Statuses = {}
    for test, status in _summary(lines, starts[-1] + 1) if starts else ():
        if status is Status.PASSED or status in _NO_PASS:
            note(statuses, r2e_name(".".join(test.split("::")[1:])), status)
    return statuses


def r2e_name(test: str) -> str:
    """Return a test's name as R2E-Gym compares it: whatever follows a `` - `` is no part of it."""
    return test.split(" - ")[0]


def _progress(lines: Sequence[str]) -> Iterator[tuple[str, Status]]:
    """Yield what ``-v`` says of each test as it ends."""
    for line in lines:
        if _title(line).startswith(_SECTIONS):
            return
        found = _PARALLEL.fullmatch(line) or _PROGRESS.fullmatch(line)
        if found and "::" in found["test"]:
            yield found["test"].rstrip(), Status(found["status"])


def _summary(lines: Sequence[str], start: int) -> Iterator[tuple[str, Status]]:
    """Yield what a short summary says, from its first line to the one that ends it."""
    for line in lines[start:]:
        title = _title(line)
        if _DURATION.search(title) or title.startswith("no tests ran"):
            return
        found = _LINE.fullmatch(line)
        if found and not _COUNT.match(found["test"]):
            yield without_reason(found["test"]), Status(found["status"])


def _title(line: str) -> str:
    """Return the text of a line that pytest draws across the screen; empty for any other."""
    drawn = line.startswith("=") and line.endswith("=") and " " in line
    return line.strip("= ") if drawn else ""

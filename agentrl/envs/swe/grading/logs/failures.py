"""Logs that name only what failed: a test that they do not name has passed (``fail_only``)."""

import re

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_BROWSER = re.compile(
    r".*(?:Headless ?Chrome|Chrome(?: Headless)?|PhantomJS|Firefox) [\d.]+ \([^()]+\) "
    r"(?P<test>.*?) ?FAILED"
)
_NUMBERED = re.compile(r"\d+\) (?P<test>.*)")


_RAN = re.compile(
    r".*(?:Executed [1-9]\d* of \d|TOTAL: [1-9]|\b[1-9]\d* (?:passing|specs?\b)|Tests: +[1-9]).*"
    r"|# tests [1-9]\d*|.*': ok"
)


def suite_ran(log: str) -> bool:
    """Return whether a log shows that at least one test ran.

    A log that names only failures is empty both where all is well and where nothing ran.
    """
    return any(_RAN.fullmatch(line) for line in clean_lines(log))


def parse_browser_failures(log: str) -> Statuses:
    """Read what karma says of tests that fail in a browser."""
    return _failures(log, _BROWSER)


def parse_numbered_failures(log: str) -> Statuses:
    """Read jasmine's numbered list of failures."""
    return _failures(log, _NUMBERED)


def _failures(log: str, pattern: re.Pattern[str]) -> Statuses:
    statuses: Statuses = {}
    for line in clean_lines(log):
        if found := pattern.fullmatch(line):
            note(statuses, found["test"].strip(), Status.FAILED)
    return statuses

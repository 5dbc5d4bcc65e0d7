"""Logs that name only what failed: a test that they do not name has passed (``fail_only``)."""

import re

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_BROWSER = re.compile(
    r".*(?:Headless ?Chrome|Chrome(?: Headless)?|PhantomJS|Firefox) [\d.]+ \([^()]+\) "
    r"(?P<test>.*?) ?FAILED"
)
_NUMBERED = re.compile(r"\d+\) (?P<test>.*)")


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

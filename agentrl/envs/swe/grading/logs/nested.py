"""Logs in which indented lines of names lead down to the tests: mocha, karma, phpunit."""

import re
from collections.abc import Iterator

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_TEST = re.compile(r"\s*(?P<mark>[✓✔✖✗\u00d7-]|\d+\)) (?P<test>\S.*?)(?: \(\d[\d.]*m?s\))?")
_SUMMARY = re.compile(r"\s*(?:\d+ (?:passing|failing|pending)\b.*|SUMMARY:.*)")
_OUTCOMES = {"✓": Status.PASSED, "✔": Status.PASSED, "-": Status.SKIPPED}
_SUITE = re.compile(r"(?P<suite>\w.*) \(.+\)")
_DOX = re.compile(r"\s*(?P<mark>[✔✘↩∅])\s*(?P<test>.*?)(?:\s+\[\d[\d.]* m?s\])?")
_DOX_OUTCOMES = {
    "✔": Status.PASSED,
    "✘": Status.FAILED,
    "↩": Status.SKIPPED,
    "∅": Status.SKIPPED,
}


def parse_mocha(log: str) -> Statuses:
    """Read a log of mocha's ``spec`` reporter: a test goes by its suites and its name."""
    return _nested(log, " - ")


def parse_karma(log: str) -> Statuses:
    """Read a log of karma's mocha reporter."""
    return _nested(log, " > ")


def parse_phpunit(log: str) -> Statuses:
    """Read a log of phpunit with ``--testdox``: a test goes by its class and its name."""
    statuses: Statuses = {}
    suite = ""
    for line in clean_lines(log):
        if found := _SUITE.fullmatch(line):
            suite = found["suite"]
        elif found := _DOX.fullmatch(line):
            note(statuses, f"{suite} > {found['test']}", _DOX_OUTCOMES[found["mark"]])
    return statuses


def _nested(log: str, joint: str) -> Statuses:
    statuses: Statuses = {}
    for names, status in _tests(log):
        note(statuses, joint.join(names), status)
    return statuses


def _tests(log: str) -> Iterator[tuple[list[str], Status]]:
    """Yield the names that lead to each test, up to the summary, in which stand only messages."""
    suites: list[tuple[int, str]] = []
    for line in clean_lines(log):
        if _SUMMARY.fullmatch(line):
            return
        found = _TEST.fullmatch(line)
        indent = len(line) - len(line.lstrip())
        while line and suites and suites[-1][0] >= indent:
            suites.pop()
        if found:
            status = _OUTCOMES.get(found["mark"], Status.FAILED)
            yield [name for _, name in suites] + [found["test"]], status
        elif line and (indent or suites):
            suites.append((indent, line.strip()))

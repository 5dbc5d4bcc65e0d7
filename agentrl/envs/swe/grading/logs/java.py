"""Logs of Maven: one build a test, or the classes that surefire ran."""

import re

from agentrl.envs.swe.grading.logs.cleaning import Statuses, clean_lines, note
from agentrl.envs.swe.grading.verdict import Status

_ASKED = re.compile(r".*\s-Dtest=(?P<test>\S+).*")
_BUILD = re.compile(r".*\bBUILD (?P<outcome>SUCCESS|FAILURE)")
_CLASS = re.compile(
    r".*Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+).* (?:-- )?in (\S+)"
)
_BAD = re.compile(
    r"(?:\[ERROR\] +)?(?P<test>[\w.$]+(?:\[.*\])?(?:\(.*\))?) .*<<< (?:FAILURE|ERROR)!"
)


def parse_maven(log: str) -> Statuses:
    """Read a log of Maven.

    Where each test had a build of its own (``-Dtest=NAME`` in the shell's trace), its outcome is
    the build's, in their order. Else a test is a class that surefire ran, and methods are named
    only where they failed.
    """
    asked: list[str] = []
    outcomes: list[Status] = []
    classes: Statuses = {}
    for line in map(str.strip, clean_lines(log)):
        if found := _ASKED.fullmatch(line):
            asked.append(found["test"])
        elif found := _BUILD.fullmatch(line):
            outcomes.append(Status.PASSED if found["outcome"] == "SUCCESS" else Status.FAILED)
        elif found := _CLASS.fullmatch(line):
            note(classes, found[5], _of_class(*map(int, found.groups()[:4])))
        elif found := _BAD.fullmatch(line):
            note(classes, found["test"], Status.FAILED)
    if not asked:
        return classes
    statuses: Statuses = {}
    for test, outcome in zip(asked, outcomes, strict=False):
        note(statuses, test, outcome)
    return statuses


def _of_class(run: int, failures: int, errors: int, skipped: int) -> Status:
    if failures or errors:
        return Status.FAILED
    return Status.SKIPPED if run == skipped else Status.PASSED

"""Tries a flaw: which tests does it break?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.mutate.bench import Baseline, Bench
from agentrl.envs.swe.mutate.candidates import Candidate


class Finding(StrEnum):
    """What became of a flaw."""

    KEPT = "kept"
    UNNOTICED = "unnoticed"
    """No test fails."""
    TOO_MUCH = "too much broken"
    UNSOUND = "unsound"
    """The tests hang or end early, or the interpreter dies."""
    UNSTEADY = "unsteady"
    """Other tests fail the second time."""
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a flaw does to the tests."""

    candidate: Candidate
    finding: Finding
    failing: tuple[str, ...] = ()
    messages: Mapping[str, str] | None = None


def try_candidate(candidate: Candidate, bench: Bench, baseline: Baseline, most: int) -> Trial:
    """Run the tests that could notice a flaw, and all of them where it is worth keeping.

    Args:
        candidate: the flaw.
        bench: runs the tests.
        baseline: how they come out without it.
        most: with more broken tests than that a flaw is not kept.

    Raises:
        SandboxError: sandboxes failed several times.
    """
    paths = candidate.test_files if bench.instance.tests.framework == "pytest" else ()
    first = _run(candidate, bench, baseline, most, paths)
    failing = _failing(first, baseline, paths)
    if len(_seen_failing(first, baseline)) > most:
        return Trial(candidate, Finding.TOO_MUCH)
    if first.problem:
        return Trial(candidate, Finding.UNSOUND)
    if not failing or len(failing) > most:
        return Trial(candidate, Finding.TOO_MUCH if failing else Finding.UNNOTICED)
    return _confirmed(candidate, bench, baseline, most, failing, paths)


def _confirmed(
    candidate: Candidate,
    bench: Bench,
    baseline: Baseline,
    most: int,
    failing: set[str],
    paths: tuple[str, ...],
) -> Trial:
    """Run all tests: what failed before must fail again, and what else does fails with it."""
    run = _run(candidate, bench, baseline, most, ())
    everything = _failing(run, baseline, ())
    if len(_seen_failing(run, baseline)) > most or (len(everything) > most and not run.problem):
        return Trial(candidate, Finding.TOO_MUCH)
    if run.problem:
        return Trial(candidate, Finding.UNSOUND)
    if {id for id in everything if not paths or file_of(id) in paths} != failing:
        return Trial(candidate, Finding.UNSTEADY)
    return Trial(candidate, Finding.KEPT, tuple(sorted(everything)), run.messages)


def _run(
    candidate: Candidate, bench: Bench, baseline: Baseline, most: int, paths: tuple[str, ...]
) -> TestRun:
    return bench.run(
        {candidate.path: candidate.mutated},
        paths=paths,
        most_failures=most + len(baseline.others) + len(baseline.unsteady),
        timeout_s=max(20.0, 6 * baseline.duration_s),
    )


def _seen_failing(run: TestRun, baseline: Baseline) -> set[str]:
    return {
        id
        for id, status in run.statuses.items()
        if id in baseline.passing and status is not Status.PASSED
    }


def _failing(run: TestRun, baseline: Baseline, paths: tuple[str, ...]) -> set[str]:
    """Return the tests that passed before and do not now, those that are gone included."""
    asked = {id for id in baseline.passing if not paths or file_of(id) in paths}
    return {id for id in asked if run.statuses.get(id) is not Status.PASSED}


def file_of(id: str) -> str:
    """Return a test's file, or for unittest its module.

    >>> file_of("tests/test_a.py::test_b[x::y]"), file_of("tests.test_a.TestA.test_b")
    ('tests/test_a.py', 'tests.test_a')
    """
    return id.partition("::")[0] if "::" in id else id.rsplit(".", 2)[0]

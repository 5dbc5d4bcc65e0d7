"""What follows from the statuses of tests for the tests that an instance asks about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentrl.envs.swe.grading.logs import Finder
from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.instance import TestPlan


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the tests that decide came out."""

    fail_to_pass: Mapping[str, bool]
    pass_to_pass: Mapping[str, bool]
    resolved: bool
    problem: str = ""


def judge(tests: TestPlan, run: TestRun) -> Judgement:
    """Say of every test that decides whether it passed; one that was not seen did not.

    A run with a problem has no passed tests: nothing it says can be believed.
    """
    if run.problem:
        return Judgement(
            dict.fromkeys(tests.fail_to_pass, False),
            dict.fromkeys(tests.pass_to_pass, False),
            resolved=False,
            problem=run.problem,
        )
    if tests.expected:
        return _as_expected(tests, run.statuses)
    finder = Finder(run.statuses)
    target = {id: _passed(tests, finder, id) for id in tests.fail_to_pass}
    kept = {id: _passed(tests, finder, id, kept=True) for id in tests.pass_to_pass}
    every = [*target.values(), *kept.values()]
    return Judgement(target, kept, resolved=bool(target) and all(every))


def _passed(tests: TestPlan, finder: Finder, id: str, *, kept: bool = False) -> bool:
    if tests.framework != "script" and not tests.as_swebench:
        return finder.exact(id) is Status.PASSED
    status = finder.status(id)
    if status is None:
        return tests.fail_only
    if status is Status.SKIPPED:  # as the families count a test that was passed before
        return kept
    return status in (Status.PASSED, Status.XFAIL)


def _as_expected(tests: TestPlan, statuses: Mapping[str, Status]) -> Judgement:
    """R2E-Gym: every test, and no other, must come out just as it is written down."""
    right = {id: statuses.get(id) == status for id, status in tests.expected.items()}
    target = {id: right.get(id, False) for id in tests.fail_to_pass} or right
    kept = {id: right.get(id, False) for id in tests.pass_to_pass}
    same = statuses.keys() == tests.expected.keys()
    problem = "" if same else _difference(statuses.keys(), tests.expected.keys())
    return Judgement(target, kept, resolved=same and all(right.values()), problem=problem)


def _difference(seen: Iterable[str], expected: Iterable[str]) -> str:
    missing, more = set(expected) - set(seen), set(seen) - set(expected)
    return (
        f"other tests ran than were expected: {len(missing)} missing "
        f"({', '.join(sorted(missing)[:3])}), {len(more)} more ({', '.join(sorted(more)[:3])})"
    )

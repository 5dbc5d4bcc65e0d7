from dataclasses import replace

import pytest

from agentrl.envs.swe.grading.judge import judge
from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.instance import TestPlan

PLAN = TestPlan("pytest", fail_to_pass=("a::target",), pass_to_pass=("a::kept",))
GOOD = {"a::target": Status.PASSED, "a::kept": Status.PASSED}


def test_all_tests_that_decide_must_pass() -> None:
    assert judge(PLAN, TestRun(GOOD)).resolved


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASSED])
def test_nothing_but_passed_is_passed(name: str, status: Status) -> None:
    assert not judge(PLAN, TestRun({**GOOD, name: status})).resolved


@pytest.mark.parametrize("name", GOOD)
def test_a_test_that_was_not_seen_has_failed(name: str) -> None:
    statuses = {id: status for id, status in GOOD.items() if id != name}

    assert not judge(PLAN, TestRun(statuses)).resolved


def test_a_run_with_a_problem_has_no_passed_test() -> None:
    judgement = judge(PLAN, TestRun(GOOD, problem="ended early"))

    assert not judgement.resolved
    assert not any([*judgement.fail_to_pass.values(), *judgement.pass_to_pass.values()])
    assert judgement.problem == "ended early"


def test_without_target_tests_nothing_is_resolved() -> None:
    assert not judge(TestPlan("pytest"), TestRun(GOOD)).resolved


def test_a_script_counts_as_its_family_does() -> None:
    plan = replace(PLAN, framework="script")

    expected = {"a::target": Status.XFAIL, "a::kept": Status.SKIPPED}
    assert judge(plan, TestRun(expected)).resolved
    assert not judge(plan, TestRun({**GOOD, "a::target": Status.SKIPPED})).resolved


def test_where_only_failures_are_named_an_absent_test_has_passed() -> None:
    plan = replace(PLAN, framework="script", fail_only=True)

    assert judge(plan, TestRun({})).resolved
    assert not judge(plan, TestRun({"a::kept": Status.FAILED})).resolved


def test_every_expected_status_must_come_out_and_no_other_test() -> None:
    plan = TestPlan("script", expected={"x": "PASSED", "y": "FAILED"})
    right = {"x": Status.PASSED, "y": Status.FAILED}

    assert judge(plan, TestRun(right)).resolved
    assert not judge(plan, TestRun({**right, "y": Status.PASSED})).resolved
    more = judge(plan, TestRun({**right, "z": Status.PASSED}))
    assert not more.resolved
    assert "1 more (z)" in more.problem

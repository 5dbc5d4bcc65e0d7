"""Reports in SWE-bench's form, our summary, and the page."""

from dataclasses import replace

import pytest

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.grading.result import Result, dump_result, load_result
from agentrl.grading.summary import by_model, summarise_model
from agentrl.grading.swebench import (
    instance_folder,
    instance_report,
    model_report,
    report_name,
)
from agentrl.view.grading_report import grading_report, kind_of

GOOD = Verdict("good", True, fail_to_pass={"t::a": True}, pass_to_pass={"t::c": True})
BAD = replace(
    GOOD,
    instance_id="bad",
    resolved=False,
    fail_to_pass={"t::a": False},
    messages={"t::a": "<script>alert(1)</script>"},
)
EMPTY = Verdict("empty", False, patch_exists=False, patch_applied=False)
UNFIT = Verdict("unfit", False, patch_applied=False, problem="the patch does not apply")
SLOW = replace(BAD, instance_id="slow", timed_out=True, problem="longer than 1 s")
VOID = replace(BAD, instance_id="void", problem="the tests' process ended early")


def result(verdict: Verdict) -> Result:
    return Result(verdict.instance_id, "org/m", "0" * 64, verdict)


RESULTS = [result(verdict) for verdict in (GOOD, BAD, EMPTY, UNFIT, SLOW, VOID)]
LOST = Result("lost", "org/m", "0" * 64, error="the engine is away", tries=3)


def test_the_summary_has_every_key_of_schema_version_2() -> None:
    known = ["good", "bad", "empty", "unfit", "slow", "void", "lost", "unasked"]

    report = model_report(known, [*RESULTS, LOST])

    assert report == {
        "total_instances": 8,
        "submitted_instances": 7,
        "completed_instances": 4,
        "resolved_instances": 1,
        "unresolved_instances": 3,
        "infra_failure_instances": 1,
        "ambiguous_failure_instances": 1,
        "empty_patch_instances": 1,
        "error_instances": 2,
        "completed_ids": ["bad", "good", "slow", "void"],
        "incomplete_ids": ["unasked"],
        "empty_patch_ids": ["empty"],
        "submitted_ids": sorted(known[:-1]),
        "resolved_ids": ["good"],
        "unresolved_ids": ["bad", "slow", "void"],
        "infra_failure_ids": ["lost"],
        "ambiguous_failure_ids": ["slow"],
        "error_ids": ["lost", "unfit"],
        "failure_reasons": {"lost": "container_unavailable", "slow": "tests_timed_out"},
        "unstopped_instances": 0,
        "unstopped_containers": [],
        "unremoved_images": [],
        "schema_version": 2,
    }


def test_an_instances_report_lists_its_tests_by_success() -> None:
    report = instance_report(result(BAD))["bad"]

    assert report["resolved"] is False
    assert report["patch_successfully_applied"] is True
    assert report["tests_status"]["FAIL_TO_PASS"] == {"success": [], "failure": ["t::a"]}
    assert report["tests_status"]["PASS_TO_PASS"] == {"success": ["t::c"], "failure": []}


def test_an_infrastructure_failure_is_told_as_one() -> None:
    report = instance_report(LOST)["lost"]

    assert report["infra_failure"] is True
    assert report["resolved"] is False


@pytest.mark.parametrize("name", ["..", ".", "", "a/../b"])
def test_no_name_leads_out_of_the_run_folder(name: str) -> None:
    assert ".." not in instance_folder("run", name, name).parts
    assert "/" not in report_name(name, "run")


def test_what_failed_for_want_of_a_sandbox_is_not_in_the_rate() -> None:
    summary = summarise_model("org/m", [*RESULTS, LOST])

    assert (summary.submitted, summary.graded, summary.failed) == (7, 6, 1)
    assert summary.rate.mean == pytest.approx(1 / 6)
    assert (summary.empty, summary.not_applied, summary.timed_out, summary.unsound) == (1, 1, 1, 1)


def test_models_are_told_apart() -> None:
    other = replace(RESULTS[0], model="other")

    assert list(by_model([RESULTS[0], other, RESULTS[1]])) == ["org/m", "other"]


@pytest.mark.parametrize("one", [*RESULTS, LOST])
def test_a_result_comes_back_from_its_line_without_the_log(one: Result) -> None:
    verdict = one.verdict and replace(one.verdict, log="long")

    assert load_result(dump_result(replace(one, verdict=verdict))) == one


def test_each_verdict_has_a_word() -> None:
    kinds = [kind_of(one) for one in [*RESULTS, LOST]]

    assert kinds == [
        "resolved",
        "unresolved",
        "empty",
        "not applied",
        "timed out",
        "void",
        "not graded",
    ]


def test_the_page_shows_what_tests_said_and_runs_none_of_it() -> None:
    html = grading_report("run", [summarise_model("org/m", RESULTS)], RESULTS)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "alert(1)</script>" not in html
    assert "the patch does not apply" in html
    assert "http" not in html.replace("http-equiv", "")
    assert html.count("<details") == len(RESULTS)

"""Reports in SWE-bench's form, so that tools that read those read ours.

Where agentrl sees more than that form tells: a patch without a verdict because infrastructure
failed is never among the unresolved, it stands in ``error_ids`` and ``infra_failure_ids``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from agentrl.envs.swe.grading.verdict import Verdict
from agentrl.grading.result import Result

SCHEMA_VERSION = 2

TIMED_OUT, INFRASTRUCTURE = "tests_timed_out", "container_unavailable"


def instance_report(result: Result) -> dict[str, Any]:
    """Return what stands in an instance's ``report.json``."""
    verdict = result.verdict
    if verdict is None:
        report = {"infra_failure": True, "infra_failure_reason": INFRASTRUCTURE}
        return {result.instance_id: {**_flags(None), **report, "tests_status": _tests({}, {})}}
    tests = _tests(verdict.fail_to_pass, verdict.pass_to_pass)
    return {result.instance_id: {**_flags(verdict), "infra_failure": False, "tests_status": tests}}


def _flags(verdict: Verdict | None) -> dict[str, bool]:
    exists = verdict is not None and verdict.patch_exists
    return {
        "patch_is_None": verdict is not None and not verdict.patch_exists,
        "patch_exists": exists,
        "patch_successfully_applied": exists and verdict is not None and verdict.patch_applied,
        "resolved": verdict is not None and verdict.resolved,
    }


def _tests(target: Mapping[str, bool], kept: Mapping[str, bool]) -> dict[str, Any]:
    return {
        "FAIL_TO_PASS": _by_success(target),
        "PASS_TO_PASS": _by_success(kept),
        "FAIL_TO_FAIL": {"success": [], "failure": []},
        "PASS_TO_FAIL": {"success": [], "failure": []},
    }


def _by_success(tests: Mapping[str, bool]) -> dict[str, list[str]]:
    return {
        "success": [id for id, passed in tests.items() if passed],
        "failure": [id for id, passed in tests.items() if not passed],
    }


def model_report(instances: Collection[str], results: Sequence[Result]) -> dict[str, Any]:
    """Return the summary of one model's results, with every key of SWE-bench's.

    Args:
        instances: ids of the whole data set.
        results: those of the model.
    """
    empty = _ids(r for r in results if r.verdict and not r.verdict.patch_exists)
    completed = [r for r in results if r.verdict and r.verdict.patch_applied]
    infra = _ids(r for r in results if r.verdict is None)
    error = _ids(r for r in results if _no_tests_ran(r))
    timed_out = _ids(r for r in completed if r.verdict and r.verdict.timed_out)
    submitted = _ids(results)
    ids = {
        "completed_ids": _ids(completed),
        "incomplete_ids": sorted(set(instances) - set(submitted)),
        "empty_patch_ids": empty,
        "submitted_ids": submitted,
        "resolved_ids": _ids(r for r in completed if r.verdict and r.verdict.resolved),
        "unresolved_ids": _ids(r for r in completed if r.verdict and not r.verdict.resolved),
        "infra_failure_ids": infra,
        "ambiguous_failure_ids": timed_out,
        "error_ids": error,
    }
    reasons = dict.fromkeys(infra, INFRASTRUCTURE) | dict.fromkeys(timed_out, TIMED_OUT)
    return {
        "total_instances": len(instances),
        "submitted_instances": len(submitted),
        **_counts(ids),
        **ids,
        "failure_reasons": reasons,
        "unstopped_instances": 0,
        "unstopped_containers": [],
        "unremoved_images": [],
        "schema_version": SCHEMA_VERSION,
    }


def _counts(ids: Mapping[str, Sequence[str]]) -> dict[str, int]:
    names = (
        "completed",
        "resolved",
        "unresolved",
        "infra_failure",
        "ambiguous_failure",
        "empty_patch",
        "error",
    )
    return {f"{name}_instances": len(ids[f"{name}_ids"]) for name in names}


def _no_tests_ran(result: Result) -> bool:
    verdict = result.verdict
    return verdict is None or (verdict.patch_exists and not verdict.patch_applied)


def _ids(results: Iterable[Result]) -> list[str]:
    return sorted({result.instance_id for result in results})


def report_name(model: str, run_id: str) -> str:
    """Return the file name of a model's summary.

    >>> report_name("org/model", "try-1")
    'org__model.try-1.json'
    """
    return f"{_in_a_name(model)}.{run_id}.json"


def instance_folder(run_id: str, model: str, instance_id: str) -> PurePosixPath:
    """Return where an instance's files lie, relative to the run folder."""
    return PurePosixPath("logs/run_evaluation", run_id, _in_a_name(model), _in_a_name(instance_id))


def _in_a_name(text: str) -> str:
    name = text.replace("/", "__").replace("\0", "")
    return "__" if name in ("", ".", "..") else name

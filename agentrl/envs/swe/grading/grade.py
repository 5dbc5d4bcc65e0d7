"""From a patch to a verdict, in a sandbox that nobody has touched before."""

import time
from contextlib import closing
from dataclasses import replace

from agentrl.envs.swe.grading.apply import apply_patch, place_tests
from agentrl.envs.swe.grading.judge import judge
from agentrl.envs.swe.grading.run import run_tests
from agentrl.envs.swe.grading.verdict import TestRun, Verdict
from agentrl.envs.swe.instance import Instance
from agentrl.envs.swe.patch.file import PatchError
from agentrl.envs.swe.patch.restrict import Restricted, restrict
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.source import complete
from agentrl.sandboxes.base import Sandbox
from agentrl.sandboxes.pool import Pool


def grade(instance: Instance, patch: str, pool: Pool, *, timeout_s: float | None = None) -> Verdict:
    """Apply a patch to the instance's repository and run the tests that decide.

    Args:
        instance: the task; what it lacks is fetched and its image made, where that was not done.
        patch: what an agent changed, as a unified diff.
        pool: where the sandbox comes from; it is used for this patch alone.
        timeout_s: most time for the tests; None: what the instance gives.

    Raises:
        SandboxError: the sandbox failed; that is no verdict, so try again.
        TaskError: the instance itself cannot be graded.
    """
    started = time.monotonic()
    instance = complete(instance)
    verdict = _without_sandbox(instance, patch)
    if isinstance(verdict, Restricted):
        image = prepare(instance, pool.backend, pool.spec)
        with closing(pool.acquire(image)) as sandbox:
            verdict = grade_in(sandbox, instance, verdict, timeout_s=timeout_s)
    return replace(verdict, duration_s=time.monotonic() - started)


def grade_in(
    sandbox: Sandbox, instance: Instance, patch: Restricted, *, timeout_s: float | None = None
) -> Verdict:
    """Grade in a fresh sandbox of the instance's prepared image; see ``grade``."""
    applied = apply_patch(sandbox, instance, patch.text)
    if not applied.how:
        return _failed(instance, applied.problem, patch.dropped, patch_applied=False)
    place_tests(sandbox, instance)
    tests = instance.tests
    ids = (*tests.fail_to_pass, *tests.pass_to_pass)
    run = run_tests(sandbox, instance, ids=ids, timeout_s=timeout_s, leave=True)
    return _verdict(instance, run, patch.dropped, applied.how)


def _without_sandbox(instance: Instance, patch: str) -> Restricted | Verdict:
    """Return what of the patch counts, or the verdict where there is nothing to run."""
    if not patch.strip():
        return _failed(instance, "", (), patch_exists=False, patch_applied=False)
    try:
        restricted = restrict(patch, instance)
    except PatchError as exc:
        return _failed(instance, str(exc), (), patch_applied=False)
    if not restricted.text.strip():
        why = "nothing of the patch may count: it changes only what decides about the tests"
        return _failed(instance, why, restricted.dropped, patch_applied=False)
    return restricted


def _failed(
    instance: Instance,
    problem: str,
    dropped: tuple[str, ...],
    *,
    patch_exists: bool = True,
    patch_applied: bool = True,
) -> Verdict:
    return Verdict(
        instance.id,
        resolved=False,
        patch_exists=patch_exists,
        patch_applied=patch_applied,
        fail_to_pass=dict.fromkeys(instance.tests.fail_to_pass, False),
        pass_to_pass={},
        problem=problem,
        dropped=dropped,
    )


def _verdict(instance: Instance, run: TestRun, dropped: tuple[str, ...], how: str) -> Verdict:
    judgement = judge(instance.tests, run)
    asked = {*judgement.fail_to_pass, *judgement.pass_to_pass}
    return Verdict(
        instance.id,
        resolved=judgement.resolved,
        fail_to_pass=judgement.fail_to_pass,
        pass_to_pass=judgement.pass_to_pass,
        problem=judgement.problem,
        dropped=dropped,
        applied_with=how,
        timed_out=run.timed_out,
        log=run.log,
        messages={id: text for id, text in run.messages.items() if id in asked},
    )

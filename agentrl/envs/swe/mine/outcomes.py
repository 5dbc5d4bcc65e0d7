"""How the later release's tests come out on both sources."""

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from agentrl.envs.swe.grading.apply import apply_patch, place_tests
from agentrl.envs.swe.grading.run import run_tests
from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.instance import Instance
from agentrl.errors import SandboxError, TaskError
from agentrl.sandboxes.pool import Pool

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_FAILING = {Status.FAILED, Status.ERROR, None}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What the tests said, each time they ran."""

    before: tuple[TestRun, ...]
    """On the earlier source."""
    after: tuple[TestRun, ...]
    """On the earlier source with the gold patch."""

    @property
    def fail_to_pass(self) -> tuple[str, ...]:
        """Tests that always fail before the patch and always pass after it."""
        return tuple(
            sorted(
                id
                for id in _ids(self.after)
                if _always(self.after, id) == Status.PASSED
                and all(run.statuses.get(id) in _FAILING for run in self.before)
            )
        )

    @property
    def pass_to_pass(self) -> tuple[str, ...]:
        """Tests that always pass, before and after it."""
        runs = (*self.before, *self.after)
        return tuple(sorted(id for id in _ids(runs) if _always(runs, id) == Status.PASSED))

    @property
    def lacking(self) -> tuple[str, ...]:
        """Modules that tests of the later release asked for and that are not there."""
        texts = [*self.after[0].messages.values(), self.after[0].log]
        return tuple(sorted({name for text in texts for name in _NO_MODULE.findall(text)}))

    @property
    def unsteady(self) -> tuple[str, ...]:
        """Tests that came out differently from one time to the next, on the same source."""
        ids = {
            id
            for runs in (self.before, self.after)
            for id in _ids(runs)
            if len({run.statuses.get(id) for run in runs}) > 1
        }
        return tuple(sorted(ids))


def see_outcomes(instance: Instance, image: str, pool: Pool, times: int) -> Outcomes:
    """Run the tests on both sources, each time in a fresh sandbox.

    Args:
        instance: has both patches; all tests in its paths are run.
        image: its repository, prepared.
        pool: where sandboxes come from.
        times: how often each is run.

    Raises:
        TaskError: the tests do not run on the later source, or its patch does not apply.
        SandboxError: sandboxes failed several times.
    """
    after = [_run(instance, image, pool, gold=True)]
    if after[0].problem or Status.PASSED not in after[0].statuses.values():
        why = after[0].problem or "none passes"
        if lacking := Outcomes((), tuple(after)).lacking:
            why = f"{why}; they ask for {', '.join(lacking)}, see --requires"
        raise TaskError(
            f"the tests of {instance.version} do not run: {why}\n{after[0].log[-3000:]}"
        )
    before = [_run(instance, image, pool, gold=False) for _ in range(times)]
    after += [_run(instance, image, pool, gold=True) for _ in range(times - 1)]
    return Outcomes(tuple(before), tuple(after))


def _run(instance: Instance, image: str, pool: Pool, *, gold: bool) -> TestRun:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _run_once(instance, image, pool, gold=gold)
        except SandboxError as exc:
            if attempt == _ATTEMPTS:
                raise
            logger.warning("running tests of %s again: %s", instance.id, exc)
    raise AssertionError("unreachable")


def _run_once(instance: Instance, image: str, pool: Pool, *, gold: bool) -> TestRun:
    with closing(pool.acquire(image)) as sandbox:
        if gold:
            applied = apply_patch(sandbox, instance, instance.patch)
            if not applied.how:
                raise TaskError(f"{instance.id}: its own patch does not apply: {applied.problem}")
        place_tests(sandbox, instance)
        return run_tests(sandbox, instance)


def _ids(runs: Sequence[TestRun]) -> set[str]:
    return {id for run in runs for id in run.statuses}


def _always(runs: Sequence[TestRun], id: str) -> Status | None:
    """Return a test's status where it is the same every time."""
    statuses: set[Status | None] = {_status(run.statuses, id) for run in runs}
    return statuses.pop() if len(statuses) == 1 else None


def _status(statuses: Mapping[str, Status], id: str) -> Status | None:
    return statuses.get(id)

"""Runs a repository's tests, as it is and with a flaw, each time in a sandbox of its own."""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import PurePosixPath

from agentrl.envs.swe.grading.run import run_tests
from agentrl.envs.swe.grading.verdict import Status, TestRun
from agentrl.envs.swe.instance import Instance
from agentrl.errors import SandboxError, TaskError
from agentrl.sandboxes.base import File
from agentrl.sandboxes.pool import Pool

logger = logging.getLogger(__name__)

Reached = Mapping[str, Mapping[str, frozenset[int]]]
"""For each file, for each test file (empty: while tests were loaded), the lines that ran."""

_ATTEMPTS = 3
_REACH = "/run/agentrl-reach.py"
_FOUND = "/tmp/agentrl-reached.json"  # of a sandbox that ends right after


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the tests come out without a flaw."""

    passing: frozenset[str]
    """Ids of those that passed every time."""
    unsteady: frozenset[str]
    """Ids of those that came out differently from one time to the next."""
    others: frozenset[str]
    """Ids of those that fail or are skipped."""
    duration_s: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A repository in an image, whose tests can be run with files changed."""

    instance: Instance
    pool: Pool
    image: str

    def run(
        self,
        changed: Mapping[str, bytes] | None = None,
        *,
        paths: Sequence[str] = (),
        most_failures: int | None = None,
        timeout_s: float | None = None,
    ) -> TestRun:
        """Run tests in a fresh sandbox.

        Args:
            changed: files that are replaced beforehand, by path in the repository.
            paths: test files; empty: all that the instance names.
            most_failures: where more tests fail than that, the rest is left out.
            timeout_s: most time for the tests; None: as the instance has it.

        Raises:
            SandboxError: sandboxes failed several times.
        """
        plan = self.instance.tests
        options = plan.options
        if most_failures is not None and plan.framework == "pytest":
            options = (*options, f"--maxfail={most_failures + 1}")
        chosen = replace(plan, paths=tuple(paths) or plan.paths, options=options)
        instance = replace(self.instance, tests=chosen)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._run_once(instance, changed or {}, timeout_s)
            except SandboxError as exc:
                if attempt == _ATTEMPTS:
                    raise
                logger.warning("running tests of %s again: %s", instance.id, exc)
        raise AssertionError("unreachable")

    def _run_once(
        self, instance: Instance, changed: Mapping[str, bytes], timeout_s: float | None
    ) -> TestRun:
        root = PurePosixPath(instance.workdir)
        with closing(self.pool.acquire(self.image)) as sandbox:
            placed = {str(root / name): File(data, owner="agent") for name, data in changed.items()}
            if placed:
                sandbox.write_files(placed)
            return run_tests(sandbox, instance, timeout_s=timeout_s)

    def baseline(self, times: int = 2) -> Baseline:
        """Run all tests several times and see which can be relied on.

        Raises:
            TaskError: they do not run, or none of them passes.
        """
        runs = [self.run() for _ in range(times)]
        for run in runs:
            if run.problem or not run.statuses:
                raise TaskError(
                    f"the tests of {self.instance.repo} do not run: "
                    f"{run.problem or 'none were found'}\n{run.log[-3000:]}"
                )
        return compare_runs(self.instance.repo, runs)

    def reached(self) -> Reached:
        """Run all tests once more and see which lines they reach.

        Raises:
            TaskError: this cannot be told.
        """
        plan, source = self.instance.tests, self.instance.source
        settings = {
            "workdir": self.instance.workdir,
            "import_paths": list(source.import_paths) if source else [],
            "framework": plan.framework,
            "arguments": list(plan.paths),
            "options": list(plan.options),
            "out": _FOUND,
        }
        script = files("agentrl.envs.swe.mutate").joinpath("reach.py").read_bytes()
        with closing(self.pool.acquire(self.image)) as sandbox:
            sandbox.write_files({_REACH: File(script)})
            result = sandbox.run(
                [self.instance.python, _REACH],
                user="agent",
                stdin=json.dumps(settings).encode(),
                env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=self.instance.workdir,
                timeout_s=plan.timeout_s,
            )
            try:
                found = json.loads(sandbox.read_file(_FOUND, max_bytes=256 * 2**20))
            except (FileNotFoundError, ValueError) as exc:
                said = (result.stdout + result.stderr)[-2000:].decode(errors="replace")
                raise TaskError(
                    f"cannot see what the tests of {self.instance.repo} reach: {said}"
                ) from exc
        return {
            name: {test: frozenset(lines) for test, lines in by_test.items()}
            for name, by_test in found.items()
        }


def compare_runs(repo: str, runs: Sequence[TestRun]) -> Baseline:
    """Return which tests of a repository can be relied on.

    Raises:
        TaskError: none passed every time.
    """
    ids = {id for run in runs for id in run.statuses}
    outcomes = {id: {run.statuses.get(id) for run in runs} for id in ids}
    passing = frozenset(id for id in ids if outcomes[id] == {Status.PASSED})
    unsteady = frozenset(id for id in ids if len(outcomes[id]) > 1)
    if not passing:
        raise TaskError(
            f"no test of {repo} passes, so that none can tell of a flaw:\n{runs[0].log[-3000:]}"
        )
    longest = max(run.duration_s for run in runs)
    return Baseline(passing, unsteady, frozenset(ids) - passing - unsteady, longest)

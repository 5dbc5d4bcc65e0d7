"""The instance that a flaw makes."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.mutate.bench import Baseline, Reached
from agentrl.envs.swe.mutate.statement import write_mutant_statement
from agentrl.envs.swe.mutate.trial import Trial, file_of
from agentrl.envs.swe.sources.diff import diff
from agentrl.sandboxes.base import File


def make_instance(
    trial: Trial,
    repository: Instance,
    files: Mapping[str, File],
    baseline: Baseline,
    reached: Reached,
) -> Instance:
    """Return the instance in which a flaw is to be found.

    Args:
        trial: the flaw, and the tests that it breaks.
        repository: the instance without it.
        files: the repository.
        baseline: how the tests come out without it.
        reached: which tests could see the file: they are the ones that must go on passing.
    """
    candidate = trial.candidate
    path, mutation = candidate.path, candidate.mutation
    right = {path: files[path]}
    wrong = {path: replace(files[path], data=candidate.mutated)}
    bug = diff(right, wrong)
    return replace(
        repository,
        id=f"{repository.id}__{hashlib.sha256(bug.encode()).hexdigest()[:10]}",
        problem=write_mutant_statement(trial.failing, trial.messages or {}),
        bug_patch=bug,
        patch=diff(wrong, right),
        tests=_plan(trial, repository, baseline, reached),
        difficulty=difficulty_of(len(trial.failing), len(baseline.passing)),
        extra={
            "mutation": mutation.kind,
            "scope": mutation.scope,
            "broken_share": round(len(trial.failing) / len(baseline.passing), 4),
        },
    )


def _plan(trial: Trial, repository: Instance, baseline: Baseline, reached: Reached) -> TestPlan:
    plan = repository.tests
    going_on = baseline.passing.difference(trial.failing)
    if plan.framework != "pytest":
        return replace(plan, fail_to_pass=trial.failing, pass_to_pass=tuple(sorted(going_on)))
    seeing = set(reached[trial.candidate.path]) | {file_of(id) for id in trial.failing}
    kept = (id for id in going_on if file_of(id) in seeing)
    return replace(plan, fail_to_pass=trial.failing, pass_to_pass=tuple(sorted(kept)), paths=())


def difficulty_of(broken: int, passing: int) -> str:
    """Rate a flaw: the fewer tests notice it, the harder it is to find.

    >>> [difficulty_of(broken, 1000) for broken in (1, 10, 11, 50, 51)]
    ['hard', 'hard', 'medium', 'medium', 'easy']
    """
    share = broken / passing
    return "hard" if share <= 0.01 else "medium" if share <= 0.05 else "easy"

"""Makes an instance of two releases, or says why there is none."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from agentrl.envs.swe.grading.grade import grade
from agentrl.envs.swe.instance import Instance, TestPlan
from agentrl.envs.swe.mine.outcomes import Outcomes, see_outcomes
from agentrl.envs.swe.mine.pair import Pair, draft, needs_compiling
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.source import complete, repository_files
from agentrl.envs.swe.sources.changelog import entry
from agentrl.envs.swe.sources.statement import write_statement_of_failures
from agentrl.errors import TaskError
from agentrl.sandboxes.pool import Pool

Watch = Callable[[str], None]
"""Is told what is being done."""


@dataclass(frozen=True, slots=True)
class Mined:
    """An instance, and what was seen on the way."""

    instance: Instance
    """As a row holds it: patches and statement come from the releases when it is used."""
    unsteady: tuple[str, ...]
    """Tests that were left out because they did not come out the same each time."""
    lacking: tuple[str, ...]
    """Modules that some tests asked for and that were not there."""
    duration_s: float
    """One run of all the tests."""


def mine(
    pair: Pair, pool: Pool, *, times: int = 3, most_kept: int = 150, watch: Watch | None = None
) -> Mined:
    """Make an instance of two releases of a package.

    Args:
        pair: the releases.
        pool: where sandboxes come from.
        times: how often the tests run on each source; those that vary are left out.
        most_kept: most tests that must go on passing; of more, a fixed choice.
        watch: is told how it goes on.

    Raises:
        TaskError: nothing comes of it; says why.
        UsageError: a release, or a wheel that is needed, cannot be fetched.
        SandboxError: sandboxes failed several times.
    """
    tell = watch or (lambda what: None)
    tell("fetching")
    bare = draft(pair)
    instance = complete(bare)
    _check_patch(instance)
    tell("preparing")
    image = prepare(instance, pool.backend, pool.spec)
    tell("running tests")
    outcomes = _see(instance, image, pool, times)
    if not outcomes.fail_to_pass:
        raise TaskError(_nothing(instance, outcomes))
    mined = replace(bare, tests=_plan(bare, outcomes, most_kept), problem=_problem(bare, outcomes))
    tell("validating")
    _validate(mined, pool)
    longest = max(run.duration_s for run in outcomes.after)
    return Mined(mined, outcomes.unsteady, outcomes.lacking, longest)


def _check_patch(instance: Instance) -> None:
    if not instance.patch:
        raise TaskError(
            f"{instance.id}: no source of the package differs between the releases, in "
            f"{', '.join(instance.source.import_paths) if instance.source else ''}"
        )


def _see(instance: Instance, image: str, pool: Pool, times: int) -> Outcomes:
    try:
        return see_outcomes(instance, image, pool, times)
    except TaskError as exc:
        source = instance.source
        if source is not None and needs_compiling(repository_files(source)):
            raise TaskError(
                f"{exc}\nThe release holds code that must be compiled, which is not done here"
            ) from exc
        raise


def _nothing(instance: Instance, outcomes: Outcomes) -> str:
    passing = len(outcomes.pass_to_pass)
    said = f"{instance.id}: no test fails on the earlier release and passes on the later one"
    unsteady = f"; {len(outcomes.unsteady)} vary from time to time" if outcomes.unsteady else ""
    lacking = f"; some ask for {', '.join(outcomes.lacking)}, see --requires"
    return f"{said}: {passing} pass on both{unsteady}{lacking if outcomes.lacking else ''}"


def _problem(instance: Instance, outcomes: Outcomes) -> str:
    """Return the statement, or nothing where the changelog of the later release gives one."""
    source = instance.source
    assert source is not None
    after = replace(source, release=source.fixed)
    if entry(repository_files(after), source.fixed, after=source.release):
        return ""
    return write_statement_of_failures(source, outcomes.fail_to_pass, outcomes.before[0].messages)


def _plan(instance: Instance, outcomes: Outcomes, most: int) -> TestPlan:
    """Return the tests that decide.

    Those that must go on passing are of the files of the others, so that no further file has to
    run; where these hold none, of all files.
    """
    failing = outcomes.fail_to_pass
    files = {_file(id) for id in failing}
    near = [id for id in outcomes.pass_to_pass if _file(id) in files]
    passing = near or outcomes.pass_to_pass
    chosen = sorted(sorted(passing, key=_rank)[:most])
    plan = instance.tests
    return replace(plan, fail_to_pass=failing, pass_to_pass=tuple(chosen), paths=())


def _rank(id: str) -> str:
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()


def _file(id: str) -> str:
    return id.partition("::")[0]


def _validate(instance: Instance, pool: Pool) -> None:
    """See that the gold patch resolves the instance and that doing nothing does not.

    Raises:
        TaskError: it is otherwise.
    """
    gold = grade(instance, complete(instance).patch, pool)
    if not gold.resolved:
        wrong = _unmet(gold.fail_to_pass) + _unmet(gold.pass_to_pass)
        raise TaskError(
            f"{instance.id}: its own patch does not resolve it: {gold.problem or wrong[:5]}"
        )
    if grade(instance, "", pool).resolved:
        raise TaskError(f"{instance.id}: it counts as resolved although nothing was done")


def _unmet(tests: Mapping[str, bool]) -> list[str]:
    return [id for id, met in tests.items() if not met]

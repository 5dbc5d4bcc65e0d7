"""What ``agentrl tasks mutate`` does, and what it says on the way."""

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import typer

from agentrl.envs.swe.dataset import write_instances
from agentrl.envs.swe.mutate.bench import Bench
from agentrl.envs.swe.mutate.make import Made, Wanted, make_mutants
from agentrl.envs.swe.mutate.setup import Layout, repository_instance
from agentrl.envs.swe.mutate.trial import Finding, Trial
from agentrl.envs.swe.prepare import prepare
from agentrl.envs.swe.sources.repository import Repository, read_repository
from agentrl.sandboxes.pool import Pool


def mutate_repository(given: str, layout: Layout, wanted: Wanted, pool: Pool, out: Path) -> Made:
    """Give a repository flaws and write the instances.

    Raises:
        UsageError: the repository, its tests or what they need cannot be used.
        SandboxError: sandboxes failed several times.
    """
    repository = _without_results(read_repository(given), given, out)
    instance = repository_instance(repository, layout, out.parent)
    typer.echo(f"{repository.name}: tests in {', '.join(instance.tests.paths)}", err=True)
    image = prepare(instance, pool.backend, pool.spec)
    made = make_mutants(Bench(instance, pool, image), repository.files, wanted, _tell)
    if made.instances:
        write_instances(made.instances, out)
    _summarise(made, wanted, out)
    return made


def _without_results(repository: Repository, given: str, out: Path) -> Repository:
    """Leave out what this command wrote into the repository's folder before."""
    folder, root = out.parent.resolve(), Path(given).expanduser().resolve()
    if not root.is_dir() or not folder.is_relative_to(root):
        return repository
    archive = re.compile(rf"{re.escape(repository.name)}-[0-9a-f]{{12}}\.tar\.gz")
    own = PurePosixPath(folder.relative_to(root))
    kept = {
        name: file
        for name, file in repository.files.items()
        if PurePosixPath(name).parent != own
        or not (PurePosixPath(name).name == out.name or archive.fullmatch(PurePosixPath(name).name))
    }
    return replace(repository, files=kept)


def _tell(trial: Trial, kept: int) -> None:
    mutation = trial.candidate.mutation
    if trial.finding is Finding.KEPT:
        share = f"{len(trial.failing)} broken"
        where = f"{trial.candidate.path} {mutation.scope}".strip()
        typer.echo(f"{kept}\t{mutation.kind}\t{where}\t{share}", err=True)


def _summarise(made: Made, wanted: Wanted, out: Path) -> None:
    baseline = made.baseline
    tried = ", ".join(f"{count} {finding}" for finding, count in sorted(made.findings.items()))
    typer.echo(
        f"{len(baseline.passing)} tests pass, {len(baseline.others)} do not, "
        f"{len(baseline.unsteady)} vary; flaws tried: {tried or 'none'}",
        err=True,
    )
    if not made.instances:
        typer.echo("no flaw breaks a test without breaking too many; see --max-broken", err=True)
        return
    short = "" if len(made.instances) == wanted.count else f" of {wanted.count} that were asked for"
    typer.echo(f"{out}: {len(made.instances)} instances{short}")

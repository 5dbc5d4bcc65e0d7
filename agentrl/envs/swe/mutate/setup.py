"""Makes a repository ready to be given flaws."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentrl.envs.swe.instance import Framework, Instance, Source, TestPlan
from agentrl.envs.swe.prepare import VENV
from agentrl.envs.swe.sources.archive import write_archive
from agentrl.envs.swe.sources.project import (
    declared_requirements,
    guess_import_paths,
    guess_tests,
    pinned,
    with_pytest,
)
from agentrl.envs.swe.sources.repository import Repository
from agentrl.errors import StorageError, TaskError
from agentrl.sandboxes.base import File


@dataclass(frozen=True, slots=True)
class Layout:
    """What a user says about a repository; empty: as guessed."""

    tests: tuple[str, ...] = ()
    """Folders and files of tests."""
    requires: tuple[str, ...] = ()
    """What the tests need besides pytest and what the project says."""
    import_paths: tuple[str, ...] = ()
    """Folders that its packages lie in."""
    framework: Framework = "pytest"


def repository_instance(repository: Repository, layout: Layout, folder: Path) -> Instance:
    """Return the instance of a repository without a flaw.

    Args:
        repository: its files.
        layout: what is said about it.
        folder: where the archive of a repository that is no release is put.

    Raises:
        TaskError: it has no tests, or they do not lie where they should.
        UsageError: a wheel that is needed cannot be fetched.
        StorageError: the archive cannot be written.
    """
    tests = layout.tests or guess_tests(repository.files)
    _check_tests(repository, tests)
    needs = dict.fromkeys((*layout.requires, *declared_requirements(repository.files)))
    wanted = tuple(needs)
    if layout.framework == "pytest":
        wanted = with_pytest(wanted, repository.files)
    archive = "" if repository.package else str(_archive(repository, folder))
    source = Source(
        archive=archive,
        package=repository.package,
        release=repository.release,
        requires=pinned(wanted) if wanted else (),
        import_paths=layout.import_paths or guess_import_paths(repository.files),
    )
    return Instance(
        id=repository.name,
        problem="",
        tests=TestPlan(layout.framework, paths=tests, timeout_s=600.0),
        repo=repository.name,
        version=repository.release,
        python=f"{VENV}/bin/python",
        source=source,
    )


def _check_tests(repository: Repository, tests: Sequence[str]) -> None:
    if not tests:
        raise TaskError(
            f"{repository.name} has no tests that can be found by their names; say where they lie "
            f"with --tests"
        )
    for path in tests:
        if not any(name == path or name.startswith(f"{path}/") for name in repository.files):
            raise TaskError(f"--tests: {repository.name} has no file or folder {path}")


def _archive(repository: Repository, folder: Path) -> Path:
    path = folder / f"{repository.name}-{_digest(repository.files)}.tar.gz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_archive(path, repository.files)
    except OSError as exc:
        raise StorageError(f"{path} cannot be written: {exc}") from exc
    return path.resolve()


def _digest(files: Mapping[str, File]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        head = f"{name}\0{files[name].mode:o}\0{len(files[name].data)}\0"
        digest.update(head.encode("utf-8", "surrogatepass") + files[name].data)
    return digest.hexdigest()[:12]

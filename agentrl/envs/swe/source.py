"""Where instances without an image get their repository, patches and statement from."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from agentrl.envs.swe.instance import Instance, Source
from agentrl.envs.swe.sources.archive import read_archive
from agentrl.envs.swe.sources.diff import diff
from agentrl.envs.swe.sources.parts import source_files, test_files
from agentrl.envs.swe.sources.registry import fetch_sdist, fetch_wheels
from agentrl.envs.swe.sources.statement import write_statement
from agentrl.errors import TaskError
from agentrl.sandboxes.base import File

__all__ = ["complete", "fetch_wheels", "repository_files"]


def repository_files(source: Source) -> Mapping[str, File]:
    """Return the files of the repository with the flaw, by relative path.

    Raises:
        TaskError: the source names neither an archive nor a release.
        UsageError: the release cannot be fetched, or its archive not be read.
    """
    if source.archive:
        return read_archive(Path(source.archive), strip=False)
    if not (source.package and source.release):
        raise TaskError("a source needs an archive, or a package and its release")
    return read_archive(fetch_sdist(source.package, source.release), strip=True)


def complete(instance: Instance) -> Instance:
    """Return the instance with the patches and the statement that its two releases give.

    What it has is kept, and one whose source is no pair of releases is returned as it is. The
    result depends on the releases alone.

    Raises:
        UsageError: a release cannot be fetched, or its archive not be read.
    """
    source = instance.source
    if source is None or not (source.package and source.fixed):
        return instance
    if instance.patch and instance.test_patch and instance.problem:
        return instance
    patch, test_patch, problem = _differences(source, instance.tests.fail_to_pass)
    return replace(
        instance,
        patch=instance.patch or patch,
        test_patch=instance.test_patch or test_patch,
        problem=instance.problem or problem,
    )


@lru_cache(maxsize=128)
def _differences(source: Source, failing: tuple[str, ...]) -> tuple[str, str, str]:
    """Return the patch, the test patch and the statement of a pair of releases."""
    old = repository_files(source)
    new = read_archive(fetch_sdist(source.package, source.fixed), strip=True)
    paths = source.import_paths
    return (
        diff(source_files(old, paths), source_files(new, paths)),
        diff(test_files(old), test_files(new)),
        write_statement(source, failing, new),
    )

"""Files and folders of instances, whoever made them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentrl.envs.swe.formats import agentrl_folder, harbor, swebench5
from agentrl.envs.swe.formats.families import family_of, instance_of, row_of
from agentrl.envs.swe.formats.row_files import is_row_file, read_rows, write_rows
from agentrl.envs.swe.images import image_name
from agentrl.envs.swe.instance import Family, Instance
from agentrl.errors import TaskError

__all__ = [
    "family_of",
    "image_name",
    "instance_of",
    "read_instances",
    "row_of",
    "write_instances",
]


def read_instances(path: str | Path) -> tuple[Instance, ...]:
    """Read all instances of a file or folder, each with an id of its own.

    Args:
        path: a ``.jsonl``, ``.json``, ``.parquet`` or ``.yaml`` file of rows of any family, one
            task folder (ours, Harbor's, or of a swebench 5 task repository), such a repository, or
            a folder of task folders or Parquet files.

    Raises:
        TaskError: something cannot be read; the message names the file, and the line or row.
        MissingDependencyError: reading a Parquet file needs pyarrow.
    """
    path = Path(path)
    if not path.exists():
        raise TaskError(f"{path}: no such file or folder of instances")
    placed = _folder(path) if path.is_dir() else _rows(path)
    return tuple(_unique(placed, path))


def write_instances(
    instances: Sequence[Instance], path: str | Path, family: Family | None = None
) -> None:
    """Write instances into a file of rows, or a folder of task folders.

    Args:
        instances: what is written.
        path: a ``.jsonl``, ``.json``, ``.parquet`` or ``.yaml`` file, which is replaced, or else a
            folder, in which every instance gets one of our own task folders by its id.
        family: for a file: whose rows are written; None: each instance's own.

    Raises:
        TaskError: the family's rows cannot hold an instance.
        MissingDependencyError: writing a Parquet file needs pyarrow.
        StorageError: the disk refuses.
    """
    path = Path(path)
    if is_row_file(path):
        written = [_archive_as_named(instance, path.parent) for instance in instances]
        write_rows(path, [row_of(instance, family) for instance in written])
        return
    for instance in instances:
        agentrl_folder.write_folder(instance, path / instance.id)


def _unique(placed: Iterable[tuple[str, Instance]], path: Path) -> Iterator[Instance]:
    seen: dict[str, str] = {}
    for place, instance in placed:
        if instance.id in seen:
            raise TaskError(
                f"{place}: the id {instance.id!r} was given before, at {seen[instance.id]}; every "
                f"instance needs an id of its own"
            )
        seen[instance.id] = place
        yield instance
    if not seen:
        raise TaskError(f"{path}: holds no instance")


def _folder(folder: Path) -> Iterator[tuple[str, Instance]]:
    read = _reader(folder)
    if read is not None:
        yield str(folder), _at(str(folder), read, folder)
        return
    inside = folder / "tasks" if (folder / "tasks").is_dir() else folder
    tasks = [child for child in sorted(inside.iterdir()) if child.is_dir() and _reader(child)]
    for task in tasks:
        yield from _folder(task)
    if not tasks:
        shards = sorted(folder.rglob("*.parquet"))
        if not shards:
            raise TaskError(
                f"{folder}: no task folder and no folder of them; a task folder holds "
                f"{agentrl_folder.TASK} or {harbor.TASK}"
            )
        for shard in shards:
            yield from _rows(shard)


def _reader(folder: Path) -> Callable[[Path], Instance] | None:
    """Return what reads a task folder; None where it is none."""
    if (folder / harbor.TASK).is_file():
        return harbor.read_folder
    if (folder / agentrl_folder.TASK).is_file():
        theirs = (folder / swebench5.TESTS).is_file()
        return swebench5.read_folder if theirs else agentrl_folder.read_folder
    return None


def _rows(path: Path) -> Iterator[tuple[str, Instance]]:
    for place, row in read_rows(path):
        yield place, _archive_found(_at(place, instance_of, row), path.parent)


def _archive_found(instance: Instance, folder: Path) -> Instance:
    """Return the instance with an archive beside its file told by its whole path."""
    source = instance.source
    if source is None or not source.archive:
        return instance
    archive = str((folder / source.archive).resolve())
    return replace(instance, source=replace(source, archive=archive))


def _archive_as_named(instance: Instance, folder: Path) -> Instance:
    """Return the instance with an archive beside its file told by its name alone."""
    source = instance.source
    if (
        source is None
        or not source.archive
        or Path(source.archive).parent.resolve() != folder.resolve()
    ):
        return instance
    return replace(instance, source=replace(source, archive=Path(source.archive).name))


def _at(place: str, read: Callable[[Any], Instance], given: Any) -> Instance:
    try:
        return read(given)
    except TaskError as exc:
        name = given.get("instance_id") or given.get("id") if isinstance(given, dict) else None
        said = str(exc)
        where = f"{place}: {name}" if name else place
        raise TaskError(said if said.startswith(place) else f"{where}: {said}") from None

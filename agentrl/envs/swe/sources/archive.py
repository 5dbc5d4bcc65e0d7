"""Reads the files out of an archive that nobody vouches for, and writes one.

Nothing is unpacked onto the disk: a member is a path and its bytes, so that a hostile archive can
at most be refused. Links, devices and what belongs to git are left out.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from agentrl.errors import UsageError
from agentrl.sandboxes.base import File

MAX_FILES = 50_000
MAX_BYTES = 512 * 2**20


def read_archive(path: Path, *, strip: bool, most_bytes: int = MAX_BYTES) -> dict[str, File]:
    """Return the regular files of a ``.tar.gz``, ``.tar.*`` or ``.zip`` by relative path.

    Args:
        path: the archive.
        strip: take off the one folder that everything lies in, as in a source release.
        most_bytes: what unpacks to more is refused.

    Raises:
        UsageError: it cannot be read, holds paths that lead out of it, or is too large.
    """
    try:
        members = _zip_members(path) if zipfile.is_zipfile(path) else _tar_members(path)
        files = _collected(path, members, most_bytes)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as exc:
        if isinstance(exc, UsageError):
            raise
        raise UsageError(f"{path} cannot be read as an archive: {exc}") from exc
    return _stripped(files) if strip else files


def write_archive(path: Path, files: Mapping[str, File]) -> None:
    """Write a ``.tar.gz`` that is the same, byte for byte, for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name].data)
            member.mode = files[name].mode
            tar.addfile(member, io.BytesIO(files[name].data))
    with path.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as zipped:
        zipped.write(packed.getvalue())


def _collected(
    path: Path, members: Iterable[tuple[str, int, int, IO[bytes]]], most_bytes: int
) -> dict[str, File]:
    files: dict[str, File] = {}
    total = 0
    for name, mode, size, stream in members:
        total += size
        if len(files) >= MAX_FILES or total > most_bytes:
            raise UsageError(
                f"{path} holds more than {MAX_FILES} files or {most_bytes >> 20} MB; "
                f"that is no source archive"
            )
        data = stream.read(size + 1)
        if len(data) > size:
            raise UsageError(f"{path}: {name} is larger than the archive says")
        relative = _safe(path, name)
        if ".git" in PurePosixPath(relative).parts:
            continue
        executable = 0o111 if mode & 0o100 else 0
        files[relative] = File(data, 0o644 | executable, owner="agent")
    return files


def _tar_members(path: Path) -> Iterator[tuple[str, int, int, IO[bytes]]]:
    with tarfile.open(path) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is not None:
                yield member.name, member.mode, member.size, stream


def _zip_members(path: Path) -> Iterator[tuple[str, int, int, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            if not member.is_dir() and (mode & 0o170000) in (0, 0o100000):
                with archive.open(member) as stream:
                    yield member.filename, mode, member.file_size, stream


def _safe(path: Path, name: str) -> str:
    parts = PurePosixPath(name.removeprefix("./")).parts
    odd = name.startswith("/") or "\\" in name or "\0" in name
    if odd or not parts or ".." in parts:
        raise UsageError(f"{path} holds the path {name!r}, which no source archive has")
    return "/".join(parts)


def _stripped(files: Mapping[str, File]) -> dict[str, File]:
    tops = {name.partition("/")[0] for name in files}
    if len(tops) != 1 or any("/" not in name for name in files):
        return dict(files)
    return {name.partition("/")[2]: file for name, file in files.items()}

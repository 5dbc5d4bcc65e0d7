"""Files packed for a sandbox."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from agentrl.errors import UsageError
from agentrl.sandboxes.base import AGENT_UID, File, User

UNPACK = """\
make() {
    local owner=$1 folder missing=()
    while IFS= read -r -d '' folder && [ -n "$folder" ]; do
        [ -d "$folder" ] || missing+=("$folder")
        [ ! -L "$folder" ] || [ "$(stat -c %u -- "$folder")" = 0 ] || refuse "$folder"
    done
    [ ${#missing[@]} = 0 ] || { mkdir -p -- "${missing[@]}" && chown "$owner" -- "${missing[@]}"; }
}
refuse() {
    echo "$1 is a link that root did not make" >&2
    exit 1
}
make 0:0 && make 1000:1000 && exec tar --extract --file - --directory / --numeric-owner \
--same-owner --preserve-permissions
"""
"""A script for bash that reads ``pack``'s output; it is run as root."""


def pack(files: Mapping[str, File]) -> bytes:
    """Return files as ``UNPACK`` takes them: folders of root, of the agent, then an archive.

    A folder that has to be made belongs to whom the first file below it belongs to.

    Raises:
        UsageError: a path is not absolute, or leads out of its folder.
    """
    folders: dict[str, User] = {}
    for path, file in files.items():
        for folder in _folders(path):
            folders.setdefault(folder, file.owner)
    lists = [
        b"".join(f.encode() + b"\0" for f, owner in folders.items() if owner == user) + b"\0"
        for user in ("root", "agent")
    ]
    return b"".join(lists) + _archive(files)


def _folders(path: str) -> list[str]:
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts or "\0" in path or pure == PurePosixPath("/"):
        raise UsageError(f"{path!r} is no absolute path of a file; write it without '..'")
    return [str(parent) for parent in reversed(pure.parents)][1:]


def _archive(files: Mapping[str, File]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, file in files.items():
            entry = tarfile.TarInfo(str(PurePosixPath(path))[1:])
            entry.size, entry.mode = len(file.data), file.mode
            entry.uid = entry.gid = AGENT_UID if file.owner == "agent" else 0
            archive.addfile(entry, io.BytesIO(file.data))
    return buffer.getvalue()

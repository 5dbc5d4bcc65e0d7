"""What in the agent's own folders is root's, for a sandbox in which root and agent are one id.

Root sets files aside there by making their folder its own, with the sticky bit: others may add to
such a folder, but change nothing in it. Where there is one id the bit is all that tells of it. Its
meaning is then given back by mounts: the folders cannot be moved, and the files that others may
not write are read-only.
"""

from pathlib import PurePath

LOOK = """\
cd /tree && [ -d testbed ] || exit 0
find testbed home/agent -type d -perm -1000 -printf 'd%p\\0' \\
    -exec find {} -maxdepth 1 -type f ! -perm /022 -printf 'f%p\\0' \\;
"""
"""A script for the airlock: prints what it finds, each as ``d`` or ``f``, a path, and NUL."""

MOST_MOUNTS = 1_000  # a thousand take a second
LOOK_BYTES = 2**24


def guarding_options(found: bytes) -> tuple[str, ...]:
    """Return bubblewrap's options for what ``LOOK`` has printed.

    Of more than ``MOST_MOUNTS``, whole folders are made read-only instead of the files in them.

    >>> guarding_options(b"ft/x\\0dt\\0")
    ('--bind-try', '/tree/t', '/t', '--ro-bind-try', '/tree/t/x', '/t/x')
    """
    entries = [entry.decode("utf-8", "surrogateescape") for entry in found.split(b"\0") if entry]
    folders = {entry[1:] for entry in entries if entry[0] == "d"}
    files = {entry[1:] for entry in entries if entry[0] == "f"}
    if len(entries) <= MOST_MOUNTS:
        closed = files
    else:
        outer = {folder for folder in folders if not _parents(folder) & folders}
        inner = {folder for folder in folders if _parents(folder) & folders}
        topmost = {folder for folder in inner if not _parents(folder) & inner}
        folders = outer
        closed = topmost | {file for file in files if str(PurePath(file).parent) in outer}
    # What holds others comes before them.
    kinds = [(path, "--bind-try") for path in folders] + [
        (path, "--ro-bind-try") for path in closed
    ]
    return tuple(word for path, how in sorted(kinds) for word in (how, f"/tree/{path}", f"/{path}"))


def _parents(path: str) -> set[str]:
    return {str(parent) for parent in PurePath(path).parents}

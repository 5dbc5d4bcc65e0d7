"""Runs inside a sandbox as root: puts files where standard input says.

The first line of input is JSON, ``[[path, mode, uid or null, size], ...]``; then the contents
follow. No link is followed: a path means what it says, whatever the agent has made of it.
"""

from __future__ import annotations

import json
import os
import sys

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def folder(path: str, uid: int | None) -> int:
    """Open a folder and make what is missing of it."""
    at = os.open("/", FOLDER)
    for name in filter(None, path.split("/")):
        try:
            below = os.open(name, FOLDER, dir_fd=at)
        except FileNotFoundError:
            os.mkdir(name, 0o755, dir_fd=at)
            below = os.open(name, FOLDER, dir_fd=at)
            if uid is not None:
                os.fchown(below, uid, uid)
        os.close(at)
        at = below
    return at


def put(at: int, name: str, mode: int, uid: int | None, data: bytes) -> None:
    """Put a file into an open folder, in the place of whatever has that name."""
    scratch = f".agentrl-{os.getpid()}"
    file = os.open(scratch, FILE, 0o600, dir_fd=at)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(data)
            if uid is not None:
                os.fchown(file, uid, uid)
            os.fchmod(file, mode)
        os.rename(scratch, name, src_dir_fd=at, dst_dir_fd=at)
    except OSError:
        os.unlink(scratch, dir_fd=at)
        raise


def main() -> None:
    """Put all files."""
    os.umask(0o022)
    last: tuple[str, int | None] | None = None
    at = -1
    for path, mode, uid, size in json.loads(sys.stdin.buffer.readline()):
        parent, _, name = path.rpartition("/")
        try:
            if last != (parent, uid):
                if at >= 0:
                    os.close(at)
                at, last = folder(parent, uid), (parent, uid)
            put(at, name, mode, uid, sys.stdin.buffer.read(size))
        except OSError as exc:
            sys.exit(f"{path}: {exc.strerror}")


if __name__ == "__main__":
    main()

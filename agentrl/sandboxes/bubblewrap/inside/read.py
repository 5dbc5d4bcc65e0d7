"""Runs inside a sandbox as root: copies a regular file to standard output.

Arguments: its path, and how many bytes it may hold.
"""

import os
import shutil
import stat
import sys

MISSING, OTHER = 3, 4


def main(path: str, limit: str) -> int:
    """Return ``MISSING`` or ``OTHER`` where it cannot be copied."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError as exc:
        sys.stderr.write(f"it cannot be opened, or is a link ({exc.strerror})")
        return OTHER
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        sys.stderr.write("it is no regular file")
        return OTHER
    if found.st_size > int(limit):
        sys.stderr.write(f"it holds {found.st_size} bytes, more than {limit}")
        return OTHER
    with os.fdopen(file, "rb") as source:
        shutil.copyfileobj(source, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))

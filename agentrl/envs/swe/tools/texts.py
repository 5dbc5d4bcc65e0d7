"""Text files, read so that what is not changed stays as it is, byte for byte."""

import os
import tempfile
from pathlib import Path

from agentrl.envs.swe.tools.output import RefusedError

MOST_BYTES = 16 * 2**20
"""Largest file that a tool reads."""


def read_text(path: Path, shown: str) -> str:
    """Return a text file's content, line ends and bytes that are no UTF-8 kept.

    Raises:
        RefusedError: there is none, it is a folder, no text, or too large.
    """
    if path.is_dir():
        raise RefusedError(f"{shown} is a folder")
    if not path.exists():
        raise RefusedError(f"there is no file {shown}{_similar(path)}")
    if not path.is_file():
        raise RefusedError(f"{shown} is no regular file")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise RefusedError(f"{shown} is too large, {size:,} bytes; use head, tail or sed")
    data = path.read_bytes()
    if b"\0" in data:
        raise RefusedError(f"{shown} is a binary file of {size:,} bytes, no text")
    return data.decode("utf-8", "surrogateescape")


def write_text(path: Path, text: str) -> None:
    """Replace a file's content in one go; its mode stays. A new file gets the usual one."""
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=".agentrl-", dir=str(path.parent))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink()
        raise


def line_end(text: str) -> str:
    """Return the line end that most lines of a text have."""
    windows = text.count("\r\n")
    return "\r\n" if windows * 2 > text.count("\n") else "\n"


def split_lines(text: str) -> "list[str]":
    """Return the lines without their ends; only a newline ends a line, as editors have it."""
    lines = [line[:-1] if line.endswith("\r") else line for line in text.split("\n")]
    return lines[:-1] if text.endswith("\n") or not text else lines


def numbered(lines: "list[str]", first: int, last: int) -> str:
    """Return lines ``first`` to ``last``, from 1, each behind its number."""
    shown = lines[first - 1 : last]
    return "\n".join(f"{n:6d}\t{_cut(line)}" for n, line in enumerate(shown, first))


def _cut(line: str) -> str:
    if len(line) <= 1000:
        return line
    return f"{line[:1000]} [... {len(line) - 1000} more characters]"


def _similar(path: Path) -> str:
    import difflib

    if not path.parent.is_dir():
        return f", nor a folder {path.parent}"
    names = [entry.name for entry in path.parent.iterdir()]
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

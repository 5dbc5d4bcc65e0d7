"""The way out for results: numbered lines, each signed with a key that graded code is not told."""

import os
from typing import Any, Callable, Dict, Mapping

try:
    from _json import encode_basestring_ascii as quote
except ImportError:  # not CPython
    from json.encoder import py_encode_basestring_ascii as quote

Emit = Callable[[str, Mapping[str, str]], None]
"""Sends a record: its kind, and what it says."""


def open_channel(descriptor: int, key: bytes) -> Emit:
    """Return what sends records to ``descriptor``, in this process and in no fork of it."""
    import hashlib

    sha256, write, getpid, to_text, error = hashlib.sha256, os.write, os.getpid, quote, OSError
    block = key.ljust(64, b"\0")
    inner = bytes(byte ^ 0x36 for byte in block)
    outer = bytes(byte ^ 0x5C for byte in block)
    owner, count = getpid(), [0]

    def emit(kind: str, fields: Mapping[str, str]) -> None:
        if getpid() != owner:
            return
        parts = ['"kind": ' + to_text(kind)]
        for name in fields:
            parts.append(to_text(name) + ": " + to_text(fields[name]))
        body = ("%d {" % count[0] + ", ".join(parts) + "}").encode("ascii")
        count[0] += 1
        mac = sha256(outer + sha256(inner + body).digest()).hexdigest()
        rest = mac.encode("ascii") + b" " + body + b"\n"
        while rest:
            try:
                rest = rest[write(descriptor, rest) :]
            except error:  # nobody listens any more: the missing end tells
                return

    return emit


def read_settings() -> Dict[str, Any]:
    """Read what the grader says on standard input, and leave nothing there."""
    import json
    import sys

    data = sys.stdin.buffer.read()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    settings: Dict[str, Any] = json.loads(data.decode("utf-8"))
    return settings


def take_stdout() -> int:
    """Return a descriptor of standard output that no child inherits; prints go to the log."""
    import fcntl

    descriptor = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 200)
    os.dup2(2, 1)
    return descriptor

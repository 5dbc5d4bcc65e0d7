"""Tests that run the program with an input and read its output."""

import selectors
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentrl.envs.code.runner import process

_MOST_BYTES = 16 * 2**20


def run_cases(order: "dict[str, Any]", folder: str) -> "Iterator[tuple[bool, str]]":
    """Yield how each of the order's cases came out."""
    path = Path(folder) / "program.py"
    path.write_bytes(order["program"].encode("utf-8", "surrogateescape"))
    path.chmod(0o644)
    for case in order["cases"]:
        yield _run(str(path), case, folder, order["test_s"])


def _run(path: str, case: "dict[str, str]", folder: str, test_s: float) -> "tuple[bool, str]":
    started = process.start(
        [*process.python(), path],
        folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, err, finished = talk(started, case["stdin"], test_s)
    finally:
        code = process.end(started)
    if not finished:
        return False, f"took longer than {test_s:g} s{_on(case)}"
    if code:
        return False, f"exit code {code}{_on(case)}: {err.strip()[-300:]}"
    if tidy(out) != tidy(case["stdout"]):
        return False, "printed {!r}, expected {!r}{}".format(
            out[:300], case["stdout"][:300], _on(case)
        )
    return True, ""


def talk(started: "subprocess.Popen[bytes]", stdin: str, limit_s: float) -> "tuple[str, str, bool]":
    """Return what a program writes on its two streams, and whether it ended in its time."""
    assert started.stdin is not None
    assert started.stdout is not None
    assert started.stderr is not None
    data = stdin.encode("utf-8", "surrogateescape")
    deadline = time.monotonic() + limit_s
    streams = {started.stdout: bytearray(), started.stderr: bytearray()}
    finished = True
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        selector.register(started.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                finished = False
                break
            for key, _ in selector.select(left):
                if key.fileobj is started.stdin:
                    data = _feed(started.stdin, data)
                    done = not data
                else:
                    chunk = key.fileobj.read1(65536)  # type: ignore[union-attr]
                    held = streams[key.fileobj]  # type: ignore[index]
                    held += chunk[: _MOST_BYTES - len(held)]
                    done = not chunk
                if done:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
    if finished:
        try:
            started.wait(max(0.1, limit_s))
        except subprocess.TimeoutExpired:
            finished = False
    out, err = (bytes(stream).decode("utf-8", "replace") for stream in streams.values())
    for pipe in (started.stdin, started.stdout, started.stderr):
        pipe.close()
    return out, err, finished


def _feed(stdin: Any, data: bytes) -> bytes:
    """Write some of the input, and return what is left of it."""
    try:
        return data[stdin.raw.write(data[:4096]) if data else 0 :]
    except BrokenPipeError:
        return b""


def tidy(text: str) -> "list[str]":
    """Return the lines without white space at their ends, and without empty ones at the end."""
    return "\n".join(line.rstrip() for line in text.rstrip().split("\n")).split("\n")


def _on(case: "dict[str, str]") -> str:
    return " on the input {!r}".format(case["stdin"][:300])

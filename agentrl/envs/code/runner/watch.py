"""The watch: root's process, which runs a program once and tells what it wrote."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from agentrl.envs.code.runner import process
from agentrl.envs.code.runner.cases import talk
from agentrl.envs.code.runner.subject import assembled

_MOST_CHARS = 512 * 1024
_START = (
    "import os, sys\n"
    "_code = compile(os.fdopen(int(sys.argv.pop())).read(), '<program>', 'exec', 0, True)\n"
    "del os, sys\n"
    "exec(globals().pop('_code'))"
)


def main() -> None:
    """Run the program of the order on standard input; write a line with its output."""
    process.hide()
    order = json.loads(sys.stdin.buffer.read().decode())
    folder = tempfile.mkdtemp(prefix="program-")
    try:
        if os.getuid() == 0:
            with suppress(OSError):
                os.chown(folder, process.AGENT_UID, process.AGENT_UID)
        record = _run(order, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(record) + "\n")


def _run(order: "dict[str, Any]", folder: str) -> "dict[str, Any]":
    source = assembled(order["prompt"], order["program"], order["entry"])
    reading, writing = os.pipe()  # the program's text is nowhere that the program could open
    try:
        started = process.start(
            [*process.python(), "-c", _START, str(reading)],
            folder,
            pass_fds=(reading,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(reading)
    with suppress(BrokenPipeError), os.fdopen(writing, "wb") as pipe:
        pipe.write(source.encode("utf-8", "surrogateescape"))
    try:
        out, err, finished = talk(started, order["stdin"], order["seconds"])
    finally:
        code = process.end(started)
    return {"output": _cut(out) + "\n" + _cut(err), "finished": finished, "exit_code": code}


def _cut(text: str) -> str:
    half = _MOST_CHARS // 2
    return text if len(text) <= _MOST_CHARS else text[:half] + "\n" + text[-half:]
